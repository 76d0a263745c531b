"""Attacks that try to undo a privacy filter, by somebody who knows the method and its strength.

- ``deblurring``: Wiener deconvolution, and Richardson-Lucy iterations (Richardson 1972, Lucy 1974)
  that use what is known: the blurred pixels inside of the mask, the clear ones around it.
- ``dictionary``: each pixel is predicted from the hidden picture around it and from its place in
  the person's outline, by one ridge regression for each of several kinds of surroundings. They are
  learned on other cameras' people, clear and hidden by the same method (as in anchored regression
  for super-resolution, Timofte et al., ACCV 2014). On a solid mask the same attack knows the
  outline alone, which says what is given away by hiding people at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.audit.audit_people import BoolImage, ImageRgb

FloatArray = npt.NDArray[np.float32]

#: Noise of a picture of 256 levels, as a share of the signal: what keeps Wiener's filter bounded.
_WIENER_NOISE = 1e-3
_LUCY_ROUNDS = 30
_PIXELS_PER_PERSON, _ANCHORS, _COMPONENTS, _RIDGE = 500, 24, 48, 1e-2


@dataclass(frozen=True, kw_only=True)
class HiddenPerson:
    """A hidden person as an attacker sees them.

    Attributes:
        picture_rgb: (H, W, 3) uint8, the hidden frame around the person.
        mask_hw: (H, W) True where it was hidden.
        clear_rgb: (H, W, 3) what was hidden: to learn from, and to be scored against.
        person_hw: (H, W) True on the person, who is scored.
        detail_px: side of the finest detail that the method left.
        phase_yx: row and column of the upper left corner in the frame.
    """

    picture_rgb: ImageRgb
    mask_hw: BoolImage
    clear_rgb: ImageRgb
    person_hw: BoolImage
    detail_px: int
    phase_yx: tuple[int, int]


Attack = Callable[[HiddenPerson], ImageRgb]


def leave(hidden: HiddenPerson) -> ImageRgb:
    """No attack: the picture as it is."""
    return hidden.picture_rgb


def wiener(hidden: HiddenPerson) -> ImageRgb:
    """Deconvolution of a Gaussian by Wiener's filter; what lies outside is blurred first."""
    sigma = hidden.detail_px / 2
    inside = hidden.mask_hw[..., None]
    blurred = np.where(inside, hidden.picture_rgb, _gauss(hidden.picture_rgb, sigma))
    margin = int(3 * sigma) + 1
    sides = [(margin, margin), (margin, margin), (0, 0)]
    wide = np.pad(np.asarray(blurred, np.float32), sides, mode="symmetric")
    rows, columns = (np.fft.fftfreq(side) for side in wide.shape[:2])
    pass_yx = np.exp(-2 * (np.pi * sigma) ** 2 * (rows[:, None] ** 2 + columns[None] ** 2))
    gain = pass_yx / (pass_yx**2 + _WIENER_NOISE)
    back = np.fft.ifft2(np.fft.fft2(wide, axes=(0, 1)) * gain[..., None], axes=(0, 1)).real
    height, width = hidden.mask_hw.shape
    restored = back[margin : margin + height, margin : margin + width]
    return _inside(restored, hidden)


def richardson_lucy(hidden: HiddenPerson) -> ImageRgb:
    """Deconvolution of a Gaussian by iterations that keep the clear pixels around the mask."""
    sigma = hidden.detail_px / 2
    seen = np.asarray(hidden.picture_rgb, np.float32) + 1
    inside = np.asarray(hidden.mask_hw, np.float32)[..., None]
    reach = np.maximum(_gauss(np.repeat(inside, 3, axis=2), sigma), 1e-3)
    guess = seen.copy()
    for _ in range(_LUCY_ROUNDS):
        ratio = inside * seen / np.maximum(_gauss(guess, sigma), 1e-3)
        guess = np.where(inside > 0, np.clip(guess * _gauss(ratio, sigma) / reach, 1, 256), seen)
    return _inside(guess - 1, hidden)


def _gauss(picture: npt.NDArray[np.generic], sigma: float) -> FloatArray:
    smooth = cv2.GaussianBlur(
        np.asarray(picture, np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(smooth, np.float32)


def _inside(restored: npt.NDArray[np.floating], hidden: HiddenPerson) -> ImageRgb:
    """The hidden picture with what was restored inside of the mask."""
    whole = np.clip(np.round(restored), 0, 255).astype(np.uint8)
    return np.where(hidden.mask_hw[..., None], whole, hidden.picture_rgb)


class Dictionary:
    """How clear people look where hidden ones look so: learned, then applied to others.

    Args:
        known: people whose clear pictures the attacker has; of other cameras.
        first: an attack whose result is looked at beside the hidden picture.
        seed: of the pixels that are learned from.
    """

    def __init__(self, known: Sequence[HiddenPerson], first: Attack = leave, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._first = first
        seen, clear = [], []
        for hidden in known:
            pixels = np.flatnonzero(hidden.person_hw)
            if not len(pixels):
                continue
            chosen = rng.choice(pixels, min(len(pixels), _PIXELS_PER_PERSON), replace=False)
            seen.append(_surroundings(hidden, first(hidden), chosen))
            clear.append(hidden.clear_rgb.reshape(-1, 3)[chosen])
        if not seen:
            raise ValueError("a dictionary needs people to be learned from; got none")
        features, colours = np.concatenate(seen), np.concatenate(clear).astype(np.float32)
        self._mean, self._scale = features.mean(0), features.std(0) + 1e-3
        scaled = (features - self._mean) / self._scale
        _, vectors = np.linalg.eigh(scaled.T @ scaled)
        self._basis = np.ascontiguousarray(vectors[:, ::-1][:, :_COMPONENTS], np.float32)
        reduced = scaled @ self._basis
        self._anchors = _anchors_of(reduced, seed)
        self._weights = self._fit(reduced, colours)

    def restore(self, hidden: HiddenPerson) -> ImageRgb:
        """A hidden person's picture, as it is expected to look."""
        pixels = np.flatnonzero(hidden.mask_hw)
        out = hidden.picture_rgb.copy().reshape(-1, 3)
        started = self._first(hidden)
        for chosen in _in_parts(pixels, 20_000):
            features = _surroundings(hidden, started, chosen)
            reduced = ((features - self._mean) / self._scale) @ self._basis
            kinds = _nearest(reduced, self._anchors)
            terms = np.hstack([reduced, np.ones((len(reduced), 1), np.float32)])
            colours = np.einsum("nd,ndc->nc", terms, self._weights[kinds])
            out[chosen] = np.clip(np.round(colours), 0, 255).astype(np.uint8)
        return out.reshape(hidden.picture_rgb.shape)

    def _fit(self, reduced: FloatArray, colours: FloatArray) -> FloatArray:
        """(anchors, components + 1, 3) one regression each, drawn towards that of all pixels."""
        terms = np.hstack([reduced, np.ones((len(reduced), 1), np.float32)])
        size = terms.shape[1]
        ridge = _RIDGE * len(terms) * np.eye(size, dtype=np.float32)
        common = np.linalg.solve(terms.T @ terms + ridge, terms.T @ colours)
        kinds = _nearest(reduced, self._anchors)
        weights = []
        for kind in range(len(self._anchors)):
            mine = terms[kinds == kind]
            left = colours[kinds == kind] - mine @ common
            pull = (_RIDGE * len(mine) + 20.0) * np.eye(size, dtype=np.float32)
            weights.append(common + np.linalg.solve(mine.T @ mine + pull, mine.T @ left))
        return np.asarray(np.stack(weights), np.float32)


def _surroundings(
    hidden: HiddenPerson, started: ImageRgb, chosen: npt.NDArray[np.intp]
) -> FloatArray:
    """(N, D) what is seen around pixels: finely, coarsely, and where they lie in the outline."""
    height, width = hidden.mask_hw.shape
    y, x = np.divmod(chosen, width)
    parts = []
    step = max(1, round(hidden.detail_px / 2))
    for picture, reach, apart in ((started, 2, 1), (hidden.picture_rgb, 3, step)):
        offsets = np.arange(-reach, reach + 1) * apart
        rows = np.clip(y[:, None] + offsets, 0, height - 1)
        columns = np.clip(x[:, None] + offsets, 0, width - 1)
        around = picture[rows[:, :, None], columns[:, None, :]]
        parts.append(around.reshape(len(chosen), -1).astype(np.float32))
    parts += [_place(hidden, y, x), _phase(hidden, y, x)]
    return np.hstack(parts)


def _place(hidden: HiddenPerson, y: npt.NDArray[np.intp], x: npt.NDArray[np.intp]) -> FloatArray:
    """(N, 6) place within the outline: height, side, their products, and depth."""
    left, top, width, height = cv2.boundingRect(hidden.mask_hw.view(np.uint8))
    down, side = (y - top) / height - 0.5, (x - left) / width - 0.5
    depth = cv2.distanceTransform(hidden.mask_hw.view(np.uint8), cv2.DIST_L2, 3)[y, x] / height
    terms = [down, side, down * down, side * side, np.abs(side) * down, depth]
    return np.asarray(100 * np.stack(terms, axis=1), np.float32)


def _phase(hidden: HiddenPerson, y: npt.NDArray[np.intp], x: npt.NDArray[np.intp]) -> FloatArray:
    """(N, 4) place within a square of the grid that pixelation uses."""
    turns = [
        2 * np.pi * ((place + start) % hidden.detail_px) / hidden.detail_px
        for place, start in zip((y, x), hidden.phase_yx, strict=True)
    ]
    waves = [wave(turn) for turn in turns for wave in (np.sin, np.cos)]
    return np.asarray(30 * np.stack(waves, axis=1), np.float32)


def _anchors_of(reduced: FloatArray, seed: int) -> FloatArray:
    """(A, D) centres of kinds of surroundings; as many as there are pixels to learn them from."""
    count = max(1, min(_ANCHORS, len(reduced) // 500))
    cv2.setRNGSeed(seed)
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 15, 0.0)
    _, _, centres = cv2.kmeans(reduced, count, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(centres, np.float32)


def _nearest(reduced: FloatArray, anchors: FloatArray) -> npt.NDArray[np.intp]:
    away = (anchors**2).sum(1) - 2 * reduced @ anchors.T
    return np.asarray(away.argmin(axis=1), np.intp)


def _in_parts(pixels: npt.NDArray[np.intp], size: int) -> Iterator[npt.NDArray[np.intp]]:
    for start in range(0, len(pixels), size):
        yield pixels[start : start + size]
