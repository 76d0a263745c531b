"""What a version is: its name, its manifest, and where it came from.

A version lies at ``<asset>/<partition>/<digest>/`` with its files and one ``provenance.json``,
which holds the manifest too. The digest covers names and bytes of the files, not the provenance:
the same content has the same digest, whoever made it and whenever. Anyone can recompute it::

    sha256sum FILES_IN_NAME_ORDER | sha256sum | head -c 32
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from pipelines.storage.errors import CorruptVersionError, InvalidNameError

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None

#: Partition of an asset that has none.
UNPARTITIONED = "all"
#: Written last into a version: a folder without it is no version.
PROVENANCE = "provenance.json"
#: Names the current version of a partition.
POINTER = "current.json"
#: Folder of a partition for versions that failed their audit.
REJECTED = "rejected"
#: Of the provenance and pointer files.
FORMAT = 1

DIGEST_CHARS = 32  # 128 bits of SHA-256: no accidental collision
_DIGEST = re.compile(rf"[0-9a-f]{{{DIGEST_CHARS}}}")
_SEGMENT = re.compile(r"[a-z0-9][a-z0-9_.-]{0,127}")
_RESERVED = frozenset({REJECTED, POINTER, PROVENANCE})
#: Not in file names: separators of other systems, and what object stores read as patterns.
_FORBIDDEN_IN_FILES = frozenset('\\?*[]#"<>|')
_MAX_FILE_NAME_BYTES = 700  # an S3 key has 1,024; asset, partition and digest need the rest


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


def is_digest(segment: str) -> bool:
    """Whether a path segment looks like the digest of a version."""
    return _DIGEST.fullmatch(segment) is not None


def is_segment(segment: str) -> bool:
    """Whether a path segment could be part of an asset's or partition's name."""
    return _SEGMENT.fullmatch(segment) is not None


def require_name(value: str, what: str) -> str:
    """Asset or partition name, returned unchanged.

    Args:
        value: One or more segments joined by ``/``.
        what: ``asset`` or ``partition``, for the message.

    Raises:
        InvalidNameError: A segment does not match the pattern or is the store's own word.
    """
    for segment in value.split("/"):
        if not is_segment(segment):
            raise InvalidNameError(
                f"{what} {value!r}: {segment!r} does not match {_SEGMENT.pattern}; rename it"
            )
        if segment in _RESERVED or is_digest(segment):
            raise InvalidNameError(
                f"{what} {value!r}: {segment!r} is a name of the store's own; rename it"
            )
    return value


def require_file_name(name: str) -> str:
    """Relative POSIX name of a file within a version, returned unchanged.

    Raises:
        InvalidNameError: It is reserved, leaves the folder, or some store cannot hold it.
    """
    if name == PROVENANCE:
        raise InvalidNameError(f"file {name!r}: the store writes this one itself; rename yours")
    if any(segment in ("", ".", "..") for segment in name.split("/")):
        raise InvalidNameError(f"file {name!r}: not a plain relative name")
    bad = sorted(c for c in set(name) if c in _FORBIDDEN_IN_FILES or unicodedata.category(c) in _NO)
    if bad:
        raise InvalidNameError(f"file {name!r}: {bad!r} cannot be stored everywhere; rename it")
    if len(name.encode()) > _MAX_FILE_NAME_BYTES:
        raise InvalidNameError(
            f"file {name[:40]!r}...: {len(name.encode())} bytes, at most {_MAX_FILE_NAME_BYTES}"
        )
    return name


#: Unicode categories without a place in file names: control, surrogate, unassigned.
_NO = frozenset({"Cc", "Cs", "Cn"})


@dataclass(frozen=True)
class Version:
    """One immutable materialization of an asset partition.

    Args:
        asset: Name of the asset.
        partition: ``all`` where there is none; ``<camera>/<day>`` for a camera-day.
        digest: 32 hexadecimal characters, of names and bytes.
    """

    asset: str
    partition: str
    digest: str

    def __post_init__(self) -> None:
        require_name(self.asset, "asset")
        require_name(self.partition, "partition")
        if "/" in self.asset:
            raise InvalidNameError(f"asset {self.asset!r}: one segment expected; rename it")
        if not is_digest(self.digest):
            raise InvalidNameError(f"digest {self.digest!r} does not match {_DIGEST.pattern}")

    @property
    def folder(self) -> str:
        """Where a sealed version lies, relative to the root."""
        return f"{self.asset}/{self.partition}/{self.digest}"

    @property
    def rejected_folder(self) -> str:
        """Where it lies once its audit failed."""
        return f"{self.asset}/{self.partition}/{REJECTED}/{self.digest}"

    @property
    def findings_key(self) -> str:
        """Why it was rejected: a file beside the folder."""
        return f"{self.rejected_folder}.json"

    @property
    def pointer_key(self) -> str:
        """The file that names the current version of this partition."""
        return f"{self.asset}/{self.partition}/{POINTER}"


@dataclass(frozen=True)
class Provenance:
    """How a version was made; not part of its digest.

    Args:
        code_version: Of the code that wrote it.
        inputs: Versions that were read; while this one is current, they are never pruned.
        config: Configuration that shaped it, as JSON.
        created_at: ISO 8601 in UTC, by the store's clock.
    """

    code_version: str
    inputs: tuple[Version, ...]
    config: Mapping[str, JSON]
    created_at: str


@dataclass(frozen=True)
class FileEntry:
    """One file of a version: relative POSIX name, SHA-256 in hexadecimal, size in bytes."""

    name: str
    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        require_file_name(self.name)


@dataclass(frozen=True)
class Rejection:
    """A version that failed its audit, why, and when (ISO 8601 in UTC)."""

    version: Version
    findings: tuple[str, ...]
    rejected_at: str


def digest_of(files: Iterable[FileEntry]) -> str:
    """Digest of a manifest: names and hashes, whatever the order they come in."""
    lines = (f"{f.sha256}  {f.name}\n" for f in sorted(files, key=lambda f: f.name))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:DIGEST_CHARS]


@dataclass(frozen=True)
class Record:
    """The content of ``provenance.json``: a version, how it was made, and its manifest."""

    version: Version
    provenance: Provenance
    files: tuple[FileEntry, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """File names, in the manifest's order."""
        return tuple(entry.name for entry in self.files)

    def held_by(self, sizes: Mapping[str, int]) -> bool:
        """Whether a folder with these files (name -> bytes) holds every file of the manifest."""
        return all(sizes.get(entry.name) == entry.bytes for entry in self.files)

    def to_json(self) -> bytes:
        """UTF-8 JSON, the same bytes for the same record.

        Raises:
            ValueError: The configuration is not JSON (a NaN, say).
        """
        return dump_json(
            {
                **_named(self.version),
                "code_version": self.provenance.code_version,
                "inputs": [_named(version) for version in self.provenance.inputs],
                "config": self.provenance.config,
                "created_at": self.provenance.created_at,
                "files": [asdict(entry) for entry in self.files],
            }
        )

    @classmethod
    def from_json(cls, data: bytes, version: Version, where: str) -> "Record":
        """Read and check the provenance file of ``version``.

        Raises:
            CorruptVersionError: It does not parse, or it describes something else.
        """
        raw = load_json(data, where)
        try:
            record = cls(
                Version(raw["asset"], raw["partition"], raw["digest"]),
                Provenance(
                    code_version=raw["code_version"],
                    inputs=tuple(Version(**one) for one in raw["inputs"]),
                    config=raw["config"],
                    created_at=raw["created_at"],
                ),
                tuple(FileEntry(**entry) for entry in raw["files"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptVersionError(f"{where}: not a provenance file ({error!r})") from error
        if record.version != version or digest_of(record.files) != version.digest:
            raise CorruptVersionError(f"{where}: describes {record.version}, expected {version}")
        return record


def _named(version: Version) -> dict[str, str]:
    """As ``asdict`` does, which takes long for the 90,000 inputs of an index of cameras."""
    return {"asset": version.asset, "partition": version.partition, "digest": version.digest}


def dump_json(content: Mapping[str, object]) -> bytes:
    """A small file of the store's own: sorted, indented, with its format number."""
    text = json.dumps({"format": FORMAT, **content}, sort_keys=True, indent=1, allow_nan=False)
    return text.encode() + b"\n"


def load_json(data: bytes, where: str) -> dict[str, Any]:
    """Read what ``dump_json`` wrote.

    Raises:
        CorruptVersionError: It is no JSON object, or of a format this code does not know.
    """
    try:
        raw = json.loads(data)
    except ValueError as error:
        raise CorruptVersionError(f"{where}: not JSON ({error})") from error
    found = raw.get("format") if isinstance(raw, dict) else type(raw).__name__
    if found != FORMAT:
        raise CorruptVersionError(f"{where}: format {found!r}, this code reads {FORMAT}")
    return dict(raw)
