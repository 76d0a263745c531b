"""Near duplicates at size: of a built set, of as many drawn hashes, and of one camera's film.

``dataset_build.py`` shows these rows with its own.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measuring import Row

from dataset_build.duplicates import Candidate, DuplicateReport, find_duplicates
from dataset_build.near_hashes import HASH_BITS, NearIndex

RADIUS = 6
MIN_CORRELATION = 0.9
#: Hashes that brute force compares each with each.
BRUTE_FORCE = 6_000
FULL_SIZE = 157_037
#: Of one fixed camera; every frame is near and alike to every other.
FILM_FRAMES = 20_000
#: Of the sensor, in grey levels, on a view that fills the range: correlations around 0.98.
FILM_NOISE = 8.0
THUMBNAIL_PX = 256


def measure_duplicates(home: Path) -> list[Row]:
    """Who repeats whom: seconds, peak memory, and whether the pairs are those of brute force.

    Args:
        home: where the set is built.
    """
    rng = np.random.default_rng(0)
    drawn = np.unique(rng.integers(0, 2**63, FULL_SIZE, dtype=np.uint64))
    kin = drawn[: FULL_SIZE // 20] ^ np.uint64(0b101)  # one in twenty has a near duplicate
    full = np.unique(np.concatenate([drawn, kin]))[:FULL_SIZE]
    view = rng.integers(0, 256, THUMBNAIL_PX)
    noisy = view + rng.normal(0, FILM_NOISE, (FILM_FRAMES, THUMBNAIL_PX))
    frames = [frame.tobytes() for frame in noisy.clip(0, 255).astype(np.uint8)]
    one = view.astype(np.uint8).tobytes()
    return [
        _row("built set", *_built_set(home), rng),
        _row("full size, drawn", rng.permutation(full), [one] * len(full), rng),
        _row(f"film of {FILM_FRAMES:,} frames", _film_hashes(rng), frames, rng),
    ]


def _built_set(home: Path) -> tuple[np.ndarray, list[bytes]]:
    import pyarrow.parquet as pq

    from pipelines.resources import open_store
    from pipelines.settings import Settings

    store = open_store(Settings(home=home))
    ledger = store.path(store.require("merged_dataset")) / "ledger.parquet"
    found = pq.read_table(ledger, columns=["phash", "thumbnail"]).drop_null()
    return found["phash"].to_numpy().view(np.uint64), found["thumbnail"].to_pylist()


def _film_hashes(rng: np.random.Generator) -> np.ndarray:
    """Distinct hashes at most three bits from one: all within six bits of each other."""
    flips = rng.integers(0, HASH_BITS, (2 * FILM_FRAMES, 3)).astype(np.uint64)
    ball = np.unique(np.bitwise_or.reduce(np.uint64(1) << flips, axis=1))
    return rng.permutation(ball)[:FILM_FRAMES]


def _row(name: str, hashes: np.ndarray, thumbnails: list[bytes], rng: np.random.Generator) -> Row:
    candidates = [
        Candidate(
            sample_id=f"{number:06}",
            image_sha256=f"{number:064x}",
            phash=phash,
            thumbnail=thumbnail,
            human=True,
            area_px=1,
        )
        for number, (phash, thumbnail) in enumerate(
            zip(hashes.view(np.int64).tolist(), thumbnails, strict=True)
        )
    ]
    begin = time.process_time()
    found = find_duplicates(candidates, RADIUS, MIN_CORRELATION)
    taken = time.process_time() - begin
    sample = rng.choice(hashes, min(BRUTE_FORCE, len(hashes)), replace=False)
    return {
        "candidates": name,
        "n": len(candidates),
        "duplicates": len(found.duplicates),
        "groups": len(set(found.groups)),
        "seconds": taken,
        "peak_mib": _peak_mib(candidates, found),
        "exact_on": len(sample),
        "exact": all(_pairs_are_exact(sample)),
    }


def _peak_mib(candidates: list[Candidate], expected: DuplicateReport) -> float:
    """Beyond the candidates; of a run of its own, because tracing takes time."""
    tracemalloc.start()
    again = find_duplicates(candidates, RADIUS, MIN_CORRELATION)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if again != expected:
        raise SystemExit("two searches of the same candidates differ; the search is broken")
    return peak / 2**20


def _pairs_are_exact(hashes: np.ndarray) -> Iterator[bool]:
    """Of one hash at a time: the pairs of the index against those of comparing with all."""
    index = NearIndex(hashes, RADIUS)
    index.add(np.arange(len(hashes)))
    for row in range(len(hashes)):
        ours = np.concatenate([member for _, member in index.near(np.array([row]))])
        expected = np.flatnonzero(np.bitwise_count(hashes ^ hashes[row]) <= RADIUS)
        yield np.array_equal(np.sort(ours), expected)


if __name__ == "__main__":
    raise SystemExit("run benchmarks/dataset_build.py: it builds the set that is measured here")
