"""Whether a matcher links a hidden person to a clear picture of the same person.

A probe is a hidden person; the gallery holds one clear picture of each identity, taken at another
time where there is one. Three descriptors are compared and joined: colours in six bands from head
to foot, histograms of oriented gradients of the whole person, and ORB key points (Rublee et al.,
ICCV 2011). The attacker who knows the method hides the gallery in the same way and compares like
with like (the parrot attack of Newton, Sweeney and Malin, TKDE 2005); the better of both counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.audit.audit_people import BoolImage, ImageRgb, Person

FloatArray = npt.NDArray[np.float32]

#: Every person is scaled to the window of the gradient descriptor.
WINDOW_WH = (64, 128)
_BANDS, _BINS = 6, (8, 4, 4)
#: Hamming distance of 256 bits below which two key points are the same.
_ORB_NEAR = 48


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a matcher remembers of a person.

    Attributes:
        colours: (bands * bins,) square roots of shares, so that a product is a similarity.
        shape: (3780,) gradient histogram of length 1.
        points: (K, 32) uint8 ORB descriptors.
    """

    colours: FloatArray
    shape: FloatArray
    points: npt.NDArray[np.uint8]


def rank_1(
    people: Sequence[Person],
    known_people: Sequence[Person],
    probes: Sequence[ImageRgb],
    gallery: Sequence[ImageRgb],
) -> Linking:
    """Whether people are more like an own picture of another time than like any other person.

    An own picture is the one farthest from a probe among the frames; who has only one is no probe
    and stands in the gallery alone. Others' pictures are the middle ones of all there are of them.
    Others are those of other sequences, and who is in one frame with the probe's person: another
    track of the same sequence may be the same person, who came back.

    Args:
        people: who are looked for, in the order of the frames.
        known_people: the same people as they are seen in the gallery.
        probes: frames in which they are looked for.
        gallery: frames in which everybody is known.
    """
    of_identity = numbers_of_identities(people)
    known = [look_of(gallery[one.frame], one) for one in known_people]
    hits, asked = 0, 0
    for number, one in enumerate(people):
        own = max(of_identity[one.identity], key=lambda other: abs(other - number))
        if own == number:
            continue
        # The own picture comes last: where all are equally alike, nobody was recognised.
        chosen = [*strangers_to(one.identity, people, of_identity), own]
        best = most_alike(look_of(probes[one.frame], one), [known[place] for place in chosen])
        hits, asked = hits + (chosen[best] == own), asked + 1
    return Linking(hits=hits, probes=asked, gallery=len(of_identity))


@dataclass(frozen=True, kw_only=True)
class Linking:
    """How many of the probes were linked rightly, among how many identities."""

    hits: int
    probes: int
    gallery: int


def numbers_of_identities(people: Sequence[Person]) -> dict[str, list[int]]:
    """Identity -> numbers of its people, ascending."""
    found: dict[str, list[int]] = {}
    for number, one in enumerate(people):
        found.setdefault(one.identity, []).append(number)
    return found


def strangers_to(
    identity: str, people: Sequence[Person], of_identity: Mapping[str, Sequence[int]]
) -> list[int]:
    """Number of one picture of everybody who is certainly somebody else."""
    frames = {people[number].frame for number in of_identity[identity]}
    sequence = identity.rsplit("/", 1)[0]
    return [
        numbers[len(numbers) // 2]
        for name, numbers in of_identity.items()
        if name != identity
        and (
            name.rsplit("/", 1)[0] != sequence
            or any(people[number].frame in frames for number in numbers)
        )
    ]


def look_of(frame_rgb: ImageRgb, person: Person) -> Look:
    """What a matcher remembers; what is around the person is painted over.

    Of somebody of whom nothing is seen, nothing: like nobody.
    """
    picture = frame_rgb[person.crop].copy()
    picture[~person.mask_hw] = 0
    window = cv2.resize(picture, WINDOW_WH, interpolation=cv2.INTER_AREA)
    mask = person.mask_hw.view(np.uint8)
    inside = cv2.resize(mask, WINDOW_WH, interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(window, cv2.COLOR_RGB2GRAY)
    shape = np.asarray(_hog().compute(grey), np.float32).ravel()
    larger = cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    _, points = _orb().detectAndCompute(larger, None)
    none = np.zeros((0, 32), np.uint8)
    return Look(
        colours=_colours(window, inside.view(np.bool_)),
        shape=shape / max(float(np.linalg.norm(shape)), 1e-6),
        points=none if points is None else points,
    )


def most_alike(probe: Look, gallery: Sequence[Look]) -> int:
    """Place in a gallery of the look that is most like a probe.

    The three similarities count alike, each in units of its spread over the gallery.
    """
    alike = np.array(
        [
            (one.colours @ probe.colours, one.shape @ probe.shape, _common_points(one, probe))
            for one in gallery
        ]
    )
    spread = np.maximum(alike.std(axis=0), 1e-6)
    return int(((alike - alike.mean(axis=0)) / spread).sum(axis=1).argmax())


def _colours(window: ImageRgb, inside: BoolImage) -> FloatArray:
    hsv = cv2.cvtColor(window, cv2.COLOR_RGB2HSV)
    bands = []
    for rows in np.array_split(np.arange(WINDOW_WH[1]), _BANDS):
        part, where = hsv[rows], inside[rows].view(np.uint8)
        counts = cv2.calcHist(
            [np.ascontiguousarray(part)], [0, 1, 2], where, list(_BINS), [0, 180, 0, 256, 0, 256]
        ).ravel()
        bands.append(counts / max(float(counts.sum()), 1.0) / _BANDS)
    return np.asarray(np.sqrt(np.concatenate(bands)), np.float32)


def _common_points(one: Look, other: Look) -> float:
    """Share of key points that are each other's nearest, and near."""
    if not len(one.points) or not len(other.points):
        return 0.0
    pairs = _matcher().match(one.points, other.points)
    near = sum(pair.distance < _ORB_NEAR for pair in pairs)
    return float(near / (len(one.points) * len(other.points)) ** 0.5)


@lru_cache(maxsize=1)
def _hog() -> Any:  # noqa: ANN401  OpenCV has no types
    return cv2.HOGDescriptor()


@lru_cache(maxsize=1)
def _orb() -> Any:  # noqa: ANN401
    return cv2.ORB.create(nfeatures=120, edgeThreshold=15, patchSize=15)


@lru_cache(maxsize=1)
def _matcher() -> Any:  # noqa: ANN401
    return cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
