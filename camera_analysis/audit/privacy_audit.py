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

import numpy as np

from camera_analysis.audit.audit_attacks import AttackResult, best_attack
from camera_analysis.audit.audit_detectors import finds_face, finds_person
from camera_analysis.audit.audit_hiding import GROWN_SHARE, grown, hide_people, with_other_looks
from camera_analysis.audit.audit_linking import rank_1
from camera_analysis.audit.audit_people import (
    AuditFrame,
    ImageRgb,
    Person,
    people_of,
    seen_people,
)
from camera_analysis.audit.audit_restoring import HiddenPerson
from camera_analysis.audit.audit_seed import SEEDED, put_back
from camera_analysis.audit.audit_table import AuditRow
from camera_analysis.audit.audit_utility import Utility, utility_of
from camera_analysis.audit.audit_walks import WalkFrames, walks_found
from camera_analysis.labelling.segmenter import Segmenter
from camera_analysis.privacy.privacy_filters import FILTERS
from camera_analysis.privacy.privacy_frame import DEFAULT_STRENGTH

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
        walks: consecutive frames in which people are followed; none follows nobody.

    Raises:
        ValueError: nobody is tall enough, or all are of one sequence, which would leave nobody
            else to learn from.
    """

    def __init__(
        self,
        frames: Sequence[AuditFrame],
        segmenter: Segmenter | None = None,
        walks: Sequence[WalkFrames] = (),
    ) -> None:
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
        self._segmented_clear = self._found_by_segmenter(clear)
        self._walks = walks
        self._walks_clear = walks_found(walks, lambda one: one.frame_rgb)

    def measure(self, method: str, strength: float) -> AuditRow:
        """Hide everybody and attack.

        Args:
            method: name in the registry of filters.
            strength: side of the finest detail left, as a share of the frame's height.
        """
        clear = [frame.frame_rgb for frame in self._frames]
        hidden = self._hidden(method, strength, clear)
        people = self._people
        seen_of_walks = walks_found(self._walks, lambda one: hide_people(one, method, strength))
        by_seed = self._knowing_the_seed(hidden, method, strength)
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
            walks=seen_of_walks.walks,
            walks_clear=self._walks_clear.found,
            walks_found=seen_of_walks.found,
            walk_error_clear_px=self._walks_clear.foot_error_px,
            walk_error_px=seen_of_walks.foot_error_px,
            segmenter_clear=self._segmented_clear,
            segmenter_found=self._found_by_segmenter(hidden),
            seed_similarity=by_seed[0] if by_seed else None,
            seed_linked=by_seed[1] if by_seed else None,
        )

    def measure_control(self, method: str, strength: float) -> tuple[int, int]:
        """Faces found, and people linked, where everybody looks like a blotch of noise.

        Outlines and places are the same, and nothing of a look can be left: more than this is what
        the method gives away of it.
        """
        blotches = [with_other_looks(frame, seed) for seed, frame in enumerate(self._frames)]
        hidden = self._hidden(method, strength, blotches)
        first = len(self._frames)
        others = [with_other_looks(frame, first + n) for n, frame in enumerate(self._frames)]
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
        own = self._hidden(method, strength, gallery, others=1, seed=1)
        clear = [frame.frame_rgb for frame in self._frames]
        seen = seen_people(self._people, self._frames, hidden)
        return max(
            rank_1(seen, self._people, hidden, clear).hits,
            rank_1(seen, seen_people(self._people, self._frames, own), hidden, own).hits,
        )

    def _hidden(
        self,
        method: str,
        strength: float,
        pictures: Sequence[ImageRgb],
        *,
        others: int = 0,
        seed: int = 0,
    ) -> list[ImageRgb]:
        """All frames, or pictures like them, hidden: see :func:`hide_people`."""
        return [
            hide_people(frame, method, strength, picture_rgb=picture, others=others, seed=seed)
            for frame, picture in zip(self._frames, pictures, strict=True)
        ]

    def _knowing_the_seed(
        self, hidden: Sequence[ImageRgb], method: str, strength: float
    ) -> tuple[float, int] | None:
        """Similarity restored and people linked by who knows that the seed was 0."""
        if method not in SEEDED:
            return None
        back = [
            put_back(method, one, mask_hw, detail_px=max(2, round(strength * len(one))), seed=0)
            for one, mask_hw in zip(hidden, self._masks, strict=True)
        ]
        clear = [frame.frame_rgb for frame in self._frames]
        own = self._hidden(method, strength, clear, others=1)
        restored = self._best_attack(back, method, strength).similarity
        people = self._people
        return restored, max(
            rank_1(people, people, back, clear).hits, rank_1(people, people, hidden, own).hits
        )

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

    def _found_by_segmenter(self, hidden: Sequence[ImageRgb]) -> int | None:
        """People of whom it says of half of their pixels or more that they are human."""
        if self._segmenter is None:
            return None
        by_frame = [self._segmenter.probability(one[None])[0] >= 0.5 for one in hidden]
        return sum(
            bool(by_frame[one.frame][one.crop][one.mask_hw].mean() >= 0.5) for one in self._people
        )


def cases() -> Iterator[tuple[str, float]]:
    """Every method that hides people, at every strength that matters to it."""
    for name, known in FILTERS.items():
        if known.hides_people:
            for strength in STRENGTHS if known.strengths else (DEFAULT_STRENGTH,):
                yield name, strength
