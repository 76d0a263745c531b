"""Near duplicates at size: of a built set, of as many drawn hashes, and of one camera's films.

``dataset_build.py`` shows these rows with its own; alone, this measures all but the built set.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measuring import Row, parser_of, report

from dataset_build.duplicates.duplicates import Candidates, DuplicateReport, find_duplicates
from dataset_build.duplicates.look_alikes import stacked
from dataset_build.duplicates.near_hashes import HASH_BITS, NearIndex

RADIUS = 6
MIN_CORRELATION = 0.9
#: Hashes that brute force compares each with each.
BRUTE_FORCE = 6_000
FULL_SIZE = 157_037
#: Of one fixed camera; the hash of every frame is near that of every other.
FILM_FRAMES = 20_000
#: Views between which a film goes to and fro, such as day, dusk and night with and without cars.
MOODS = 20
#: Of the sensor, in grey levels, on a view that fills the range: correlations around 0.98.
FILM_NOISE = 8.0
THUMBNAIL_PX = 256


def measure_duplicates(home: Path) -> list[Row]:
    """Who repeats whom: seconds, peak memory, and whether the pairs are those of brute force.

    Args:
        home: where the set is built.
    """
    rng = np.random.default_rng(0)
    return [_row("built set", *_built_set(home), rng), *measure_drawn(FULL_SIZE, FILM_FRAMES, rng)]


def measure_drawn(full_size: int, frames: int, rng: np.random.Generator) -> list[Row]:
    """The same of drawn images.

    Args:
        full_size: hashes of which one in twenty has a near one.
        frames: of each film: all alike, all unlike, each like one other, and of a few moods.
        rng: draws them.
    """
    drawn = np.unique(rng.integers(0, 2**63, full_size, dtype=np.uint64))
    kin = drawn[: full_size // 20] ^ np.uint64(0b101)
    full = np.unique(np.concatenate([drawn, kin]))[:full_size]
    one = rng.integers(0, 256, THUMBNAIL_PX).astype(np.uint8).tobytes()
    views = rng.integers(0, 256, (frames, THUMBNAIL_PX))
    films = {
        f"film of {frames:,} frames": np.zeros(frames, np.int64),
        f"{frames:,} unlike frames": np.arange(frames),
        f"{frames:,} frames alike in pairs": np.arange(frames) // 2,
        f"{frames:,} frames of {MOODS} moods": rng.integers(0, MOODS, frames),
    }
    return [
        _row("full size, drawn", rng.permutation(full), [one] * len(full), rng),
        *(
            _row(name, _film_hashes(frames, rng), _noisy(views[view_of], rng), rng)
            for name, view_of in films.items()
        ),
    ]


def _noisy(views: np.ndarray, rng: np.random.Generator) -> list[bytes]:
    noisy = views + rng.normal(0, FILM_NOISE, views.shape)
    return [frame.tobytes() for frame in noisy.clip(0, 255).astype(np.uint8)]


def _built_set(home: Path) -> tuple[np.ndarray, list[bytes]]:
    import pyarrow.parquet as pq

    from pipelines.resources import open_store
    from pipelines.settings import Settings

    store = open_store(Settings(home=home))
    ledger = store.path(store.require("merged_dataset")) / "ledger.parquet"
    found = pq.read_table(ledger, columns=["phash", "thumbnail"]).drop_null()
    return found["phash"].to_numpy().view(np.uint64), found["thumbnail"].to_pylist()


def _film_hashes(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Hashes at most three bits from one, hence all within six bits of each other."""
    flips = rng.integers(0, HASH_BITS, (2 * frames, 3)).astype(np.uint64)
    ball = np.unique(np.bitwise_or.reduce(np.uint64(1) << flips, axis=1))
    return rng.permutation(np.resize(rng.permutation(ball), frames))


def _row(name: str, hashes: np.ndarray, thumbnails: list[bytes], rng: np.random.Generator) -> Row:
    count = len(hashes)
    candidates = Candidates(
        sample_ids=[f"{number:06}" for number in range(count)],
        image_sha256=[f"{number:064x}" for number in range(count)],
        phash=hashes.view(np.int64),
        thumbnails=stacked(thumbnails),
        human=np.ones(count, np.bool_),
        area_px=np.ones(count, np.int64),
        source_rank=np.zeros(count, np.int64),
        preferred=np.zeros(count, np.bool_),
    )
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


def _peak_mib(candidates: Candidates, expected: DuplicateReport) -> float:
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


def main() -> None:
    """One table."""
    parser = parser_of(__doc__)
    parser.add_argument("--frames", type=int, default=FILM_FRAMES, help="of each film")
    options = parser.parse_args()
    size, frames = (10_000, 2_000) if options.quick else (FULL_SIZE, options.frames)
    rows = measure_drawn(size, frames, np.random.default_rng(0))
    report("near_duplicates", rows, options.json)


if __name__ == "__main__":
    main()
