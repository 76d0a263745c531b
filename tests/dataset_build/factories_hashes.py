"""Hashes on both sides of a radius, and the pairs among them by comparing all."""

from __future__ import annotations

from hypothesis import strategies as st


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
