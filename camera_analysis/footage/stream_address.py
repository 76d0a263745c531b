"""Where a camera's stream is, and how that is said without giving away its password."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from camera_analysis.camera import CAMERA_FILE, CameraConfigError
from camera_analysis.camera_file import camera_document

#: What a stream may be fetched by: the network, never a file of this machine.
SCHEMES: tuple[str, ...] = ("rtsp", "rtsps", "http", "https")


def stream_address(folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Address under ``stream`` in a folder's ``camera.yaml``.

    The address is no part of the camera's settings, which are stored with every version made from
    its footage. ``${NAME}`` in it is replaced by that environment variable, so that a password
    need not be written into the file.

    Raises:
        CameraConfigError: there is none, it names an unset variable, or it is no address.
    """
    document = camera_document(folder)
    address = document.get("stream") if isinstance(document, dict) else None
    if not isinstance(address, str):
        raise CameraConfigError(
            f"{folder / CAMERA_FILE}: no 'stream'; state the address, for example"
            " rtsp://${CAMERA_USER}:${CAMERA_PASSWORD}@10.0.0.7/main"
        )
    return require_address(_expanded(address, os.environ if environment is None else environment))


def _expanded(address: str, environment: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in environment:
            raise CameraConfigError(f"stream needs the environment variable {name}, which is unset")
        return environment[name]

    return re.sub(r"\$\{(\w+)\}", value, address)


def require_address(address: str) -> str:
    """Return an address that may be recorded.

    Raises:
        CameraConfigError: it has another scheme or no host; the message holds no credentials.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme.lower() in SCHEMES and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise CameraConfigError(
            f"stream is no address that can be recorded; it starts with {'://, '.join(SCHEMES)}://"
            " and names a host"
        )
    return address


def redacted(address: str) -> str:
    """Scheme, host and port of an address: paths and queries of cameras hold keys too."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"
