"""Small file trees, a clock that ticks, and an object store on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st

from pipelines.storage.store import UNPARTITIONED, Store, Version

Tree = Mapping[str, bytes]

_segments = st.text("abcXYZ019 _-.äπ", min_size=1, max_size=6).filter(lambda s: s.strip(". "))


def _is_tree(tree: Tree) -> bool:
    """No name is a folder of another one, and none is the store's own."""
    return "provenance.json" not in tree and not any(
        other.startswith(f"{name}/") for name in tree for other in tree
    )


trees = st.dictionaries(
    st.lists(_segments, min_size=1, max_size=3).map("/".join),
    st.binary(max_size=64),
    min_size=1,
    max_size=4,
).filter(_is_tree)


class TickingClock:
    """A second passes with every look."""

    def __init__(self, start: datetime | None = None) -> None:
        self.now = start or datetime.now(UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def write_tree(folder: Path, tree: Tree) -> None:
    for name, data in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def read_tree(folder: Path) -> dict[str, bytes]:
    """All files but the provenance."""
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: p.read_bytes() for name, p in files.items() if name != "provenance.json"}


def seal(
    store: Store,
    tree: Tree,
    asset: str = "counts",
    partition: str = UNPARTITIONED,
    inputs: Sequence[Version] = (),
) -> Version:
    with store.draft(asset, partition) as draft:
        write_tree(draft, tree)
        return store.seal(
            draft, asset, partition, code_version="1", inputs=inputs, config={"k": [1, None]}
        )


def publish(
    store: Store,
    tree: Tree,
    asset: str = "counts",
    partition: str = UNPARTITIONED,
    inputs: Sequence[Version] = (),
) -> Version:
    version = seal(store, tree, asset, partition, inputs)
    store.publish(version)
    return version


@contextmanager
def object_store() -> Iterator[dict[str, Any]]:
    """A server that speaks S3 on 127.0.0.1; yields the options to reach it."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield s3_options(f"http://{host}:{port}")
    finally:
        server.stop()


def s3_options(endpoint: str) -> dict[str, Any]:
    return {
        "key": "test",
        "secret": "test",
        "endpoint_url": endpoint,
        "client_kwargs": {"region_name": "eu-central-1"},
        "config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 2},
    }


def new_bucket(options: Mapping[str, Any]) -> str:
    import fsspec

    bucket = f"bucket-{uuid4().hex}"
    fsspec.filesystem("s3", **options).mkdir(bucket)
    return f"s3://{bucket}/deep/prefix"
