"""The key by which hidden people can be shown again: made here, kept by its owner, never stored.

It is read from the file that ``LEARNED_NORMAL_PRIVACY_KEY_FILE`` names, or from the variable
``LEARNED_NORMAL_PRIVACY_KEY``. Neither the store nor the settings hold it.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path

from camera_analysis.privacy.scramble import KEY_BYTES, key_id, new_key

KEY_VARIABLE, FILE_VARIABLE = "LEARNED_NORMAL_PRIVACY_KEY", "LEARNED_NORMAL_PRIVACY_KEY_FILE"


class PrivacyKeyError(ValueError):
    """A key cannot be used; the message says where it was looked for, never what it is."""


def make_key_file(path: Path) -> str:
    """Write a new random key that its owner alone may read; an existing file is never replaced.

    Returns:
        The key's id.

    Raises:
        PrivacyKeyError: the file exists.
    """
    key = new_key()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise PrivacyKeyError(
            f"{path} exists; a key that is replaced cannot be had back: name another file"
        ) from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(base64.b64encode(key).decode() + "\n")
    return key_id(key)


def read_key_file(path: Path) -> bytes:
    """The key in a file.

    Raises:
        PrivacyKeyError: there is no such file, or no key in it.
    """
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise PrivacyKeyError(f"{path}: no key can be read from it") from error
    return _decoded(text, str(path))


def privacy_key(keep_out_of: str, variables: Mapping[str, str] | None = None) -> bytes | None:
    """The key that the environment names; None where it names none.

    Args:
        keep_out_of: root of the store, a folder or a URL: a key beside what it opens protects
            nothing.
        variables: None takes the process's own.

    Raises:
        PrivacyKeyError: the key is not readable, or lies in the store.
    """
    variables = os.environ if variables is None else variables
    if FILE_VARIABLE in variables:
        path = Path(variables[FILE_VARIABLE]).expanduser().resolve()
        scheme, separator, rest = keep_out_of.partition("://")
        local = rest if separator and scheme == "file" else keep_out_of
        if "://" not in local and path.is_relative_to(Path(local).resolve()):
            raise PrivacyKeyError(f"{path} lies in the store that it opens; keep it elsewhere")
        return read_key_file(path)
    if KEY_VARIABLE in variables:
        return _decoded(variables[KEY_VARIABLE], KEY_VARIABLE)
    return None


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise PrivacyKeyError(f"{where}: no key; make one with 'learned-normal privacy key FILE'")
    return key
