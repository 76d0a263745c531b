"""The one list of privacy filters: name -> what becomes of the people in a frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from camera_analysis.privacy import (
    background_filters,
    privacy_abstract,
    privacy_blur,
    privacy_cover,
    privacy_drawing,
    privacy_warp,
)
from camera_analysis.privacy.privacy_frame import FilterInput, ImageRgb

Filter = Callable[[FilterInput], ImageRgb]


@dataclass(frozen=True, kw_only=True)
class PrivacyFilter:
    """A filter and what is to be known of it.

    Attributes:
        apply: gives a new frame; those that hide people leave every pixel outside of the mask as
            it is, those of the background every pixel inside.
        says: what is seen, in a line.
        strengths: whether ``strength`` changes anything.
        hides_people: False for those that hide what is around them.
        by_track: whether what is drawn tells one track from another.
        draws_place: whether the background plate is drawn where people were; the others need none.
        seeded: whether a person's own pixels lie where the seed puts them: who knows it puts them
            back, or some of them.
    """

    apply: Filter
    says: str
    strengths: bool = False
    hides_people: bool = True
    by_track: bool = False
    draws_place: bool = False
    seeded: bool = False


FILTERS: Mapping[str, PrivacyFilter] = {
    "blank": PrivacyFilter(
        apply=privacy_cover.blank,
        says="the empty place, from the background plate; else black",
        draws_place=True,
    ),
    "mask": PrivacyFilter(apply=privacy_cover.solid_mask, says="one grey"),
    "silhouette": PrivacyFilter(
        apply=privacy_drawing.silhouette,
        says="a translucent shape, coloured by track",
        by_track=True,
        draws_place=True,
    ),
    "skeleton": PrivacyFilter(
        apply=privacy_drawing.skeleton,
        says="lines along the middle of body and limbs",
        by_track=True,
        draws_place=True,
    ),
    "token": PrivacyFilter(
        apply=privacy_drawing.token,
        says="a drawn figure with the number of the track",
        by_track=True,
        draws_place=True,
    ),
    "hash": PrivacyFilter(
        apply=privacy_drawing.hash_texture,
        says="squares that are a hash of the track",
        strengths=True,
        by_track=True,
    ),
    "blur": PrivacyFilter(apply=privacy_blur.blur, says="Gaussian blur", strengths=True),
    "pixelate": PrivacyFilter(
        apply=privacy_blur.pixelate, says="squares of their mean colour", strengths=True
    ),
    "mosaic": PrivacyFilter(
        apply=privacy_abstract.mosaic,
        says="irregular tiles of their mean colour",
        strengths=True,
        seeded=True,
    ),
    "cartoon": PrivacyFilter(
        apply=privacy_abstract.cartoon, says="few flat colours with outlines", strengths=True
    ),
    "edges": PrivacyFilter(
        apply=privacy_abstract.edges, says="white outlines on black", strengths=True
    ),
    "false_colours": PrivacyFilter(
        apply=privacy_abstract.false_colours, says="brightness as a rainbow", strengths=True
    ),
    "warp": PrivacyFilter(
        apply=privacy_warp.warp, says="bent in waves", strengths=True, seeded=True
    ),
    "morph": PrivacyFilter(
        apply=privacy_warp.morph, says="mixed with a drawn figure, blurred", strengths=True
    ),
    "scramble": PrivacyFilter(
        apply=privacy_warp.scramble,
        says="its pixels in another order; no encryption",
        seeded=True,
    ),
    "background_blur": PrivacyFilter(
        apply=background_filters.background_blur,
        says="sharp people before a blurred place",
        strengths=True,
        hides_people=False,
    ),
    "background_replacement": PrivacyFilter(
        apply=background_filters.background_replacement,
        says="people before another picture",
        hides_people=False,
    ),
}


def apply_filter(name: str, given: FilterInput) -> ImageRgb:
    """The frame with a filter applied; the frame that was given stays as it is.

    Args:
        name: a key of :data:`FILTERS`.
        given: frame, mask and what may be drawn instead.

    Returns:
        (H, W, 3) uint8, a new array.

    Raises:
        ValueError: there is no such filter.
    """
    if name not in FILTERS:
        raise ValueError(f"privacy method {name!r} is unknown; there are: {', '.join(FILTERS)}")
    return FILTERS[name].apply(given)
