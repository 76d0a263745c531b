"""Hashes on both sides of a radius, and the pairs among them by comparing all."""

from __future__ import annotations

import random

from hypothesis import strategies as st

#: Of a cluster; with bits in every band, the sign bit among them.
CENTRE = 0x9E37_79B9_7F4A_7C15


def close_pairs(hashes, radius):
    return [
        (i, j, (hashes[i] ^ hashes[j]).bit_count())
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
        if (hashes[i] ^ hashes[j]).bit_count() <= radius
    ]


@st.composite
def clustered_hashes(draw):
    """Distinct hashes around a few centres, so that pairs lie on both sides of the radius."""
    centres = draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
    flips = st.sets(st.integers(0, 63), max_size=9)
    noisy = draw(st.lists(st.tuples(st.sampled_from(centres), flips), max_size=40))
    return sorted({centre ^ sum(1 << bit for bit in bits) for centre, bits in noisy})


def ball_of_hashes(count, seed=0):
    """Distinct hashes at most 3 bits from one centre, hence at most 6 from each other."""
    rng, found = random.Random(seed), set()
    while len(found) < count:
        found.add(CENTRE ^ sum(1 << bit for bit in rng.sample(range(64), 3)))
    return sorted(found)


@st.composite
def one_cluster(draw):
    """Many distinct hashes around one centre, most of them near each other."""
    flips = draw(st.lists(st.sets(st.integers(0, 63), max_size=4), min_size=20, max_size=60))
    return sorted({CENTRE ^ sum(1 << bit for bit in bits) for bits in flips})
