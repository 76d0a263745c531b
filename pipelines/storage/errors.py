"""What can go wrong in the store.

StoreError
├── InvalidNameError       an asset, partition, digest or file name that is not allowed
├── RefusedDraftError      a draft that cannot become a version (empty, symbolic links, ...)
├── MissingVersionError    nothing was published yet, or the version was pruned or rejected
├── CorruptVersionError    stored bytes differ from their manifest
└── StoreUnavailableError  disk full, endpoint unreachable: nothing current is damaged
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class StoreError(Exception):
    """Any failure of the versioned store."""


class InvalidNameError(StoreError, ValueError):
    """A name that could leave its folder, collide with the store's own, or not be stored."""


class RefusedDraftError(StoreError, ValueError):
    """A draft that holds something a version must not hold."""


class MissingVersionError(StoreError, LookupError):
    """The version that was asked for is not in the store."""


class CorruptVersionError(StoreError, ValueError):
    """What is stored differs from what was sealed."""


class StoreUnavailableError(StoreError):
    """The store could not be written or read now; a later try may succeed."""


@contextmanager
def as_unavailable(doing: str, *errors: type[Exception]) -> Iterator[None]:
    """Turn failures of the disk or the network into ``StoreUnavailableError``.

    Args:
        doing: What was tried and where; starts the message.
        errors: What counts as such a failure besides ``OSError``.

    Raises:
        StoreUnavailableError: With the reason, in place of any of ``errors``.
    """
    failures: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        yield
    except failures as error:
        raise _unavailable(doing, error) from error


@contextmanager
def disk_full_as_unavailable(doing: str) -> Iterator[None]:
    """Turn a full disk, and nothing else, into ``StoreUnavailableError``.

    Args:
        doing: What was tried and where; starts the message.

    Raises:
        StoreUnavailableError: In place of an ``OSError`` that says the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise _unavailable(doing, error) from error
        raise


def _unavailable(doing: str, error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"{doing} failed: {_reason(error)}. What was current still is; mend the cause and retry"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return f"the disk is full ({error})"
    return f"{type(error).__name__}: {error}"
