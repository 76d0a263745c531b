"""How like a fixed camera's view a sample is.

Definition: a fixed camera sees whole persons of small to middle height, not a portrait and not
people cut by the border. A sample with humans is surveillance-like when all three hold:

- its tallest person is at most ``max_tallest_region_share`` of the height of the frame;
- at most ``max_border_touch_share`` of its persons touch the border;
- it shows at least ``min_human_regions`` persons.

A person is a connected region of human pixels. A sample without humans is never judged.
"""

from __future__ import annotations

from collections.abc import Mapping

from dataset_build.config import CleaningRules

#: Columns of a sample that the definition reads.
COLUMNS = ("human_px", "human_regions", "tallest_region_share", "border_touch_share")


def departures(sample: Mapping[str, float], rules: CleaningRules) -> tuple[str, ...]:
    """In which ways a sample is unlike a fixed camera's view; empty if it is like one.

    Args:
        sample: the values of ``COLUMNS``; shares are fractions in [0, 1].
        rules: the limits of the definition.

    Returns:
        One phrase per broken condition, with the measured value and the limit.
    """
    if not sample["human_px"]:
        return ()
    tallest, border = sample["tallest_region_share"], sample["border_touch_share"]
    broken = []
    if tallest > rules.max_tallest_region_share:
        broken.append(f"tallest_region_share {tallest:.4g} > {rules.max_tallest_region_share:g}")
    if border > rules.max_border_touch_share:
        broken.append(f"border_touch_share {border:.4g} > {rules.max_border_touch_share:g}")
    if sample["human_regions"] < rules.min_human_regions:
        broken.append(f"human_regions {sample['human_regions']:g} < {rules.min_human_regions}")
    return tuple(broken)
