"""Decoding runs ahead of what is done with the frames, by a bounded number of them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class _End:
    """Nothing follows, because of an error or because all was read."""

    error: BaseException | None


class _Ahead(Generic[Item]):
    """Reads items in a thread of its own into a bounded queue."""

    def __init__(self, read: Callable[[], Iterable[Item]], most: int) -> None:
        self.items: queue.Queue[Item | _End] = queue.Queue(most)
        self._read = read
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="read_ahead", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._read():
                self._put(item)
                if self._stop.is_set():
                    return
        except BaseException as caught:  # noqa: BLE001  raised again by the reader's caller
            error = caught
        self._put(_End(error))

    def _put(self, item: Item | _End) -> None:
        while not self._stop.is_set():
            try:
                return self.items.put(item, timeout=0.1)
            except queue.Full:
                continue

    def stop(self) -> None:
        """End the thread, which may be in the middle of a frame."""
        self._stop.set()
        self._thread.join()


def read_ahead(read: Callable[[], Iterable[Item]], most: int) -> Iterator[Item]:
    """Items of ``read()`` in their order, at most ``most`` of them read before they are asked for.

    The reading happens in a thread; decoders and networks both release the interpreter's lock.
    What the reading raises is raised here. Closing this iterator ends the thread.

    Raises:
        ValueError: ``most`` is less than 1.
    """
    if most < 1:
        raise ValueError(f"most is {most}; expected 1 or more items")
    ahead = _Ahead(read, most)
    try:
        while not isinstance(item := ahead.items.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        ahead.stop()
