"""What each privacy filter still gives away, measured on labelled people.

People are hidden by their true masks, grown a little, so that what is found is the filter's own
leak and not the mask's. Then a detector looks for persons and faces, a matcher for the same person
in clear pictures, and an attacker who knows the method tries to undo it; last, it is read off the
hidden frames who is where. The masks are measured apart
(:mod:`camera_analysis.audit.audit_coverage`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

import cv2
import numpy as np

from camera_analysis.audit.audit_attacks import AttackResult, best_attack
from camera_analysis.audit.audit_detectors import finds_face, finds_person
from camera_analysis.audit.audit_linking import rank_1
from camera_analysis.audit.audit_people import (
    AuditFrame,
    BoolImage,
    ImageRgb,
    Person,
    people_of,
    seen_people,
)
from camera_analysis.audit.audit_restoring import HiddenPerson
from camera_analysis.audit.audit_table import AuditRow
from camera_analysis.audit.audit_utility import Utility, utility_of
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.privacy_filters import FILTERS, apply_filter
from camera_analysis.privacy.privacy_frame import DEFAULT_STRENGTH, FilterInput

#: True masks are grown by this share of the frame's height: labels follow edges to a pixel or two.
GROWN_SHARE = 0.01
#: Strengths at which filters are measured that have one.
STRENGTHS = (DEFAULT_STRENGTH, 0.1, 0.2)
#: Around a person, what an attacker sees, as a share of the height.
_MARGIN = 0.15
#: Methods that a deconvolution is tried on.
_BLURS = ("blur",)


class PrivacyAudit:
    """Labelled people, to be hidden by one method after the other.

    Args:
        frames: of several cameras; people of one sequence in the order of time.
        segmenter: asked whether it still finds people; None asks nobody.

    Raises:
        ValueError: nobody is tall enough, or all are of one sequence, which would leave nobody
            else to learn from.
    """

    def __init__(self, frames: Sequence[AuditFrame], segmenter: Segmenter | None = None) -> None:
        self._frames = frames
        self._segmenter = segmenter
        self._people = people_of(frames)
        if not self._people:
            raise ValueError("nobody in these frames is tall enough and apart from others")
        self._sequences = [frames[one.frame].sequence for one in self._people]
        if len(set(self._sequences)) < 2:
            raise ValueError("an audit needs people of two sequences at least: one to learn from")
        self._masks = [grown(frame.people_hw, GROWN_SHARE) for frame in frames]
        clear = [frame.frame_rgb for frame in frames]
        self._faces = [one for one in self._people if finds_face(clear[one.frame], one)]
        self._persons = [one for one in self._people if finds_person(clear[one.frame], one)]
        self._linked = rank_1(self._people, self._people, clear, clear)

    def measure(self, method: str, strength: float) -> AuditRow:
        """Hide everybody and attack.

        Args:
            method: name in the registry of filters.
            strength: side of the finest detail left, as a share of the frame's height.
        """
        clear = [frame.frame_rgb for frame in self._frames]
        hidden = [self.hide(n, one, method, strength) for n, one in enumerate(clear)]
        people = self._people
        attack = self._best_attack(hidden, method, strength)
        faces_control, linked_control = self.measure_control(method, strength)
        utility = self._utility(hidden)
        errors = [error for one in utility for error in one.foot_errors]
        there = sum(one.people for one in utility)
        return AuditRow(
            method=method,
            strength=strength,
            people=len(people),
            persons_clear=len(self._persons),
            persons_found=sum(finds_person(hidden[one.frame], one) for one in self._persons),
            faces_clear=len(self._faces),
            faces_found=sum(finds_face(hidden[one.frame], one) for one in self._faces),
            faces_control=faces_control,
            probes=self._linked.probes,
            gallery=self._linked.gallery,
            linked_clear=self._linked.hits,
            linked=self._linked_by_the_better_attack(hidden, clear, method, strength),
            linked_control=linked_control,
            attack=attack.name,
            psnr_db=attack.psnr_db,
            similarity=attack.similarity,
            similarity_left=attack.similarity_left,
            utility_people=there,
            seen=sum(one.seen for one in utility) / there if there else None,
            foot_error=median(errors) if errors else None,
            share_error=median(abs(one.share_error) for one in utility) if utility else None,
            segmenter_found=self._found_by_segmenter(hidden),
        )

    def measure_control(self, method: str, strength: float) -> tuple[int, int]:
        """Faces found, and people linked, where everybody looks like a blotch of noise.

        Outlines and places are the same, and nothing of a look can be left: more than this is what
        the method gives away of it.
        """
        blotches = [
            _with_other_looks(frame.frame_rgb, mask_hw, seed)
            for seed, (frame, mask_hw) in enumerate(zip(self._frames, self._masks, strict=True))
        ]
        hidden = [self.hide(n, one, method, strength) for n, one in enumerate(blotches)]
        others = [
            _with_other_looks(frame.frame_rgb, mask_hw, len(self._frames) + seed)
            for seed, (frame, mask_hw) in enumerate(zip(self._frames, self._masks, strict=True))
        ]
        faces = sum(finds_face(hidden[one.frame], one) for one in self._faces)
        return faces, self._linked_by_the_better_attack(hidden, others, method, strength)

    def _linked_by_the_better_attack(
        self,
        hidden: Sequence[ImageRgb],
        gallery: Sequence[ImageRgb],
        method: str,
        strength: float,
    ) -> int:
        """Compare with clear pictures, and with ``gallery`` as the attacker hides it.

        The attacker's tracks are other ones, and so is what is drawn at random.
        """
        own = [self.hide(n, one, method, strength, secret=1) for n, one in enumerate(gallery)]
        clear = [frame.frame_rgb for frame in self._frames]
        seen = seen_people(self._people, self._frames, hidden)
        return max(
            rank_1(seen, self._people, hidden, clear).hits,
            rank_1(seen, seen_people(self._people, self._frames, own), hidden, own).hits,
        )

    def hide(
        self, number: int, picture_rgb: ImageRgb, method: str, strength: float, *, secret: int = 0
    ) -> ImageRgb:
        """The people of one of the frames, hidden.

        Args:
            number: of the frame.
            picture_rgb: (H, W, 3) the frame, or one that differs where people are.
            method: name in the registry of filters.
            strength: side of the finest detail left, as a share of the frame's height.
            secret: whose seed and numbers of tracks: two differ in both.
        """
        frame = self._frames[number]
        tracks_hw = np.where(frame.tracks_hw > 0, frame.tracks_hw + 1000 * secret, 0)
        given = FilterInput(
            frame_rgb=picture_rgb,
            mask_hw=self._masks[number],
            plate_rgb=frame.plate.rgb if frame.plate else None,
            tracks_hw=tracks_hw.astype(np.int32),
            strength=strength,
            seed=secret,
        )
        return apply_filter(method, given)

    def _best_attack(
        self, hidden: Sequence[ImageRgb], method: str, strength: float
    ) -> AttackResult:
        seen = [self._as_seen(person, hidden, strength) for person in self._people]
        return best_attack(seen, self._sequences, blurred=method in _BLURS)

    def _as_seen(self, person: Person, hidden: Sequence[ImageRgb], strength: float) -> HiddenPerson:
        frame = self._frames[person.frame]
        rows, columns = person.crop
        margin = round(_MARGIN * person.height_px)
        top, left = max(0, rows.start - margin), max(0, columns.start - margin)
        crop = np.s_[top : rows.stop + margin, left : columns.stop + margin]
        whole = np.zeros(frame.people_hw.shape, np.bool_)
        whole[person.crop] = person.mask_hw
        return HiddenPerson(
            picture_rgb=hidden[person.frame][crop],
            mask_hw=self._masks[person.frame][crop],
            clear_rgb=frame.frame_rgb[crop],
            person_hw=whole[crop],
            detail_px=max(2, round(strength * frame.frame_rgb.shape[0])),
            phase_yx=(top, left),
        )

    def _utility(self, hidden: Sequence[ImageRgb]) -> list[Utility]:
        """Of the frames whose empty view is known."""
        by_frame: dict[int, list[Person]] = {}
        for person in self._people:
            by_frame.setdefault(person.frame, []).append(person)
        return [
            utility_of(hidden[number], frame.plate, frame.people_hw, by_frame[number])
            for number, frame in enumerate(self._frames)
            if frame.plate is not None and number in by_frame
        ]

    def _found_by_segmenter(self, hidden: Sequence[ImageRgb]) -> float | None:
        """Share of person pixels that it still says are human."""
        if self._segmenter is None:
            return None
        found = total = 0
        for frame, hidden_rgb in zip(self._frames, hidden, strict=True):
            probability = self._segmenter.probability(hidden_rgb[None])[0]
            found += int((probability[frame.people_hw] >= 0.5).sum())
            total += int(frame.people_hw.sum())
        return found / max(total, 1)


def cases() -> Iterator[tuple[str, float]]:
    """Every method that hides people, at every strength that matters to it."""
    for name, known in FILTERS.items():
        if known.hides_people:
            for strength in STRENGTHS if known.strengths else (DEFAULT_STRENGTH,):
                yield name, strength


def grown(mask_hw: BoolImage, share: float) -> BoolImage:
    """A mask grown on all sides by a share of its height, one pixel at least."""
    by = max(1, round(share * mask_hw.shape[0]))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(mask_hw.view(np.uint8), kernel), np.uint8).view(np.bool_)


def _with_other_looks(frame_rgb: ImageRgb, mask_hw: BoolImage, seed: int) -> ImageRgb:
    """The frame with blotches of random colour wherever people are."""
    height, width = mask_hw.shape
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
    blotches = cv2.resize(coarse.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(mask_hw[..., None], np.asarray(blotches, np.uint8), frame_rgb)
