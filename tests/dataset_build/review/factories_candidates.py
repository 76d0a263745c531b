"""Images that may repeat each other, drawn row by row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from dataset_build.duplicates.duplicates import Candidates
from dataset_build.duplicates.look_alikes import stacked
from tests.dataset_build.duplicates.factories_hashes import clustered_hashes

RAMP = bytes(range(0, 256, 16)) * 16
MIRRORED = RAMP[::-1]


class Image(NamedTuple):
    """One row of the candidates' columns."""

    sample_id: str
    image_sha256: str
    phash: int
    thumbnail: bytes
    human: bool
    area_px: int
    source_rank: int
    preferred: bool

    def rank(self):
        """Best first: asked for, shows a human, better masks, larger, then by name."""
        return (
            not self.preferred,
            not self.human,
            self.source_rank,
            -self.area_px,
            self.sample_id,
        )


def image(
    name, phash, *, sha=None, thumbnail=RAMP, human=True, area_px=100, rank=0, preferred=False
):
    return Image(name, sha or f"sha-{name}", phash, thumbnail, human, area_px, rank, preferred)


def columns(images):
    return Candidates(
        sample_ids=[one.sample_id for one in images],
        image_sha256=[one.image_sha256 for one in images],
        phash=np.array([one.phash for one in images], np.int64),
        thumbnails=stacked([one.thumbnail for one in images]),
        human=np.array([one.human for one in images], np.bool_),
        area_px=np.array([one.area_px for one in images], np.int64),
        source_rank=np.array([one.source_rank for one in images], np.int64),
        preferred=np.array([one.preferred for one in images], np.bool_),
    )


#: Two patterns, the first also dimmer and with a flaw; flat ones that differ a little and much.
THUMBNAILS = [
    RAMP,
    bytes(value // 2 for value in RAMP),
    RAMP[:-40] + bytes(40),
    MIRRORED,
    bytes([100] * 256),
    bytes([103] * 256),
    bytes([200] * 256),
]


@st.composite
def images(draw):
    """Candidates that share hashes, thumbnails, bytes and ranks in every combination."""
    hashes = draw(clustered_hashes()) or [0]
    return [
        image(
            str(number),
            draw(st.sampled_from(hashes)) - 2**63,
            thumbnail=draw(st.sampled_from(THUMBNAILS)),
            sha=draw(st.none() | st.sampled_from("xyz")),
            human=draw(st.booleans()),
            area_px=draw(st.integers(1, 2)),
        )
        for number in range(draw(st.integers(0, 14)))
    ]
