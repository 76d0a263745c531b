"""How strongly a model's answer speaks against a mask, region by region.

A model's own confidence cannot be taken at its word: many miss people with great certainty. So its
answers are first calibrated on the masks at hand (most of which are right): each answer becomes
the log-odds with which pixels that got this answer are labelled human. What the model does usually
weighs little then, and only what is unusual for this model speaks against a mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dataset_build.sources.label_maps import HUMAN, IGNORE, NOT_HUMAN

U8 = npt.NDArray[np.uint8]
I8 = npt.NDArray[np.int8]
F32 = npt.NDArray[np.float32]

#: A region of people that the mask leaves out; apart from every mask, or beside one.
MISSING, TOO_SMALL = "missing person", "mask too small"
#: A region of the mask without people; a whole mask, or a part of one.
EXTRA, TOO_LARGE = "extra mask", "mask too large"
#: The mask fits better at another place.
SHIFTED = "shifted mask"

_STEP = 0.1  # of a logit, for one of the 255 levels
_LEVELS = 256
_BAND_PX = 1  # on both sides of a mask's outline, which no two people draw alike
_MIN_REGION_PX = 16  # smaller ones are specks
_WHOLE_SHARE = 0.6  # of a connected mask; from here on it is extra as a whole
_TOUCH_PX = 3  # regions this close to a mask belong to it
_EXTENT_POWER = 0.25  # a region sixteen times as large weighs twice as much
_SEARCH_PX = 320  # longer side at which shifts are searched
_MAX_SHIFT = 0.08  # of the longer side
#: Of evidence against people, while a shift is judged: a mask that slides off people whom the
#: model misses anyhow is no better than before; one that slides onto people is.
_AGAINST_WEIGHT = 0.25


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """What speaks most against a mask in one respect.

    Args:
        kind: ``MISSING``, ``TOO_SMALL``, ``EXTRA``, ``TOO_LARGE`` or ``SHIFTED``.
        severity: 0 where nothing does; mean log-odds of a region times a power of its extent, or
            the log-odds gained by a shift over the root of the mask's extent.
        box_xywh: of the region, in fractions of width and height.
        area_share: region / frame, in [0, 1].
    """

    kind: str
    severity: float
    box_xywh: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    area_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Suspicions:
    """The worst region that is missing, the worst that is too much, and the best shift."""

    missing: Suspicion
    extra: Suspicion
    shifted: Suspicion


def quantised_logits(probability_hw: F32) -> I8:
    """(H, W) in [0, 1] -> (H, W) logits in steps of 0.1, clipped at 12.7; a byte each."""
    tiny = np.finfo(np.float32).tiny
    odds = np.maximum(probability_hw, tiny) / np.maximum(1.0 - probability_hw, tiny)
    levels: I8 = np.clip(np.round(np.log(odds) / _STEP), -127, 127).astype(np.int8)
    return levels


class Calibration:
    """Counts of answers on human and other pixels, away from outlines and ignored pixels."""

    def __init__(self) -> None:
        self._counts = np.zeros((2, _LEVELS), np.int64)

    def add(self, mask_hw: U8, logits_hw: I8) -> None:
        """Count one sample."""
        inside = _away_from_outline(mask_hw)
        for row, label in enumerate((NOT_HUMAN, HUMAN)):
            levels = _levels(logits_hw[inside & (mask_hw == label)])
            self._counts[row] += np.bincount(levels, minlength=_LEVELS)

    def log_odds(self) -> F32:
        """(256,) log-odds of human for each level of the logit; never falls from one to the next.

        Neighbouring levels that contradict the order are pooled (isotonic regression).
        """
        blocks: list[tuple[float, float, int]] = []
        for other, human in self._counts.T + 0.5:  # half a pixel each: no certainty from nothing
            blocks.append((float(human), float(other), 1))
            while (
                len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]
            ):
                last, before = blocks.pop(), blocks.pop()
                blocks.append((last[0] + before[0], last[1] + before[1], last[2] + before[2]))
        values = [np.full(n, np.log(human / other)) for human, other, n in blocks]
        return np.concatenate(values).astype(np.float32)


def suspicions(mask_hw: U8, logits_hw: I8, log_odds: F32) -> Suspicions:
    """What speaks against a mask.

    Args:
        mask_hw: (H, W) of NOT_HUMAN, HUMAN and IGNORE; ignored pixels count nowhere.
        logits_hw: (H, W) quantised logits of the model.
        log_odds: of ``Calibration``.
    """
    evidence = np.where(mask_hw == IGNORE, np.float32(0), log_odds[_levels(logits_hw)])
    inside = _away_from_outline(mask_hw)
    human = mask_hw == HUMAN
    missing = np.where(inside & ~human, evidence, np.float32(0))
    extra = np.where(inside & human, -evidence, np.float32(0))
    return Suspicions(
        missing=_worst_region(missing, human, MISSING),
        extra=_worst_region(extra, human, EXTRA),
        shifted=_best_shift(human, evidence),
    )


def _levels(logits: npt.NDArray[np.int8]) -> npt.NDArray[np.intp]:
    return logits.astype(np.intp) + _LEVELS // 2


def _away_from_outline(mask_hw: U8) -> npt.NDArray[np.bool_]:
    """Labelled pixels beyond the band around the outline of the people."""
    human = (mask_hw == HUMAN).view(np.uint8)
    kernel = np.ones((2 * _BAND_PX + 1,) * 2, np.uint8)
    grown = cv2.dilate(human, kernel)
    shrunk = cv2.erode(human, kernel, borderType=cv2.BORDER_REPLICATE)
    away: npt.NDArray[np.bool_] = (grown == shrunk) & (mask_hw != IGNORE)
    return away


def _worst_region(against_hw: F32, human_hw: npt.NDArray[np.bool_], kind: str) -> Suspicion:
    """The connected region with the greatest mean evidence times extent."""
    found = (against_hw > 0).view(np.uint8)
    count, regions, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    sums = np.bincount(regions.ravel(), np.maximum(against_hw, 0).ravel(), count)
    share = areas / against_hw.size
    severity = sums / areas * share**_EXTENT_POWER
    severity[0] = 0.0  # everything else
    severity[areas < _MIN_REGION_PX] = 0.0
    worst = int(severity.argmax())
    if severity[worst] <= 0:
        return Suspicion(kind=kind, severity=0.0)
    region = regions == worst
    part = _is_beside(region, human_hw) if kind == MISSING else _is_part(region, human_hw)
    partly = {MISSING: TOO_SMALL, EXTRA: TOO_LARGE}
    return Suspicion(
        kind=partly[kind] if part else kind,
        severity=float(severity[worst]),
        box_xywh=_relative_box(stats[worst], against_hw.shape),
        area_share=float(share[worst]),
    )


def _is_beside(region: npt.NDArray[np.bool_], human_hw: npt.NDArray[np.bool_]) -> bool:
    """Whether a region touches a mask, but for the band."""
    reach = _BAND_PX + _TOUCH_PX
    grown = cv2.dilate(region.view(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))
    return bool(np.any((grown > 0) & human_hw))


def _is_part(region: npt.NDArray[np.bool_], human_hw: npt.NDArray[np.bool_]) -> bool:
    """Whether the connected mask around a region is mostly something else."""
    _, masks = cv2.connectedComponents(human_hw.view(np.uint8), connectivity=8)
    around = masks == masks[region][0]
    return bool(region.sum() < _WHOLE_SHARE * around.sum())


def _best_shift(human_hw: npt.NDArray[np.bool_], evidence_hw: F32) -> Suspicion:
    """How much better the whole mask fits the evidence at its best other place."""
    if not human_hw.any():
        return Suspicion(kind=SHIFTED, severity=0.0)
    scale = min(1.0, _SEARCH_PX / max(human_hw.shape))
    size_wh = tuple(max(1, round(side * scale)) for side in human_hw.shape[::-1])
    mask = cv2.resize(human_hw.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA)
    weighed = np.where(evidence_hw < 0, _AGAINST_WEIGHT * evidence_hw, evidence_hw)
    evidence = cv2.resize(weighed, size_wh, interpolation=cv2.INTER_AREA)
    evidence -= np.median(evidence)  # outside the frame is like most of what is inside
    fit = _fit_by_shift(mask, evidence, max(1, round(_MAX_SHIFT * max(size_wh))))
    middle = fit.shape[0] // 2
    gain = float(fit.max() - fit[middle, middle]) / float(np.sqrt(mask.sum() * mask.size))
    rows, columns = np.flatnonzero(human_hw.any(1)), np.flatnonzero(human_hw.any(0))
    box = (columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0])
    return Suspicion(
        kind=SHIFTED,
        severity=max(0.0, gain),
        box_xywh=_relative_box(np.array(box), human_hw.shape),
        area_share=float(human_hw.mean()),
    )


def _fit_by_shift(mask: F32, evidence: F32, reach: int) -> npt.NDArray[np.float64]:
    """(2 reach + 1, 2 reach + 1) sums of the evidence under the mask moved by -reach .. reach."""
    padded = tuple(side + reach for side in mask.shape)
    spectrum = np.fft.rfft2(evidence, padded) * np.conj(np.fft.rfft2(mask, padded))
    fit = np.fft.irfft2(spectrum, padded)
    return np.roll(fit, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]


def _relative_box(
    box: npt.NDArray[np.integer], shape: tuple[int, ...]
) -> tuple[float, float, float, float]:
    x, y, width, height = (float(value) for value in box[:4])
    return x / shape[1], y / shape[0], width / shape[1], height / shape[0]
