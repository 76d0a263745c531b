"""The mask contract, and which class ids of each source are human.

Every mask of this project is (H, W) uint8 of exactly ``NOT_HUMAN``, ``HUMAN`` and ``IGNORE``.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Labelled, and not a person.
NOT_HUMAN = 0
#: A person, or what the source draws as part of one.
HUMAN = 1
#: Unlabelled or ambiguous; excluded from loss, metrics and statistics.
IGNORE = 255


def _span(first: int, last: int) -> frozenset[int]:
    """Ids ``first`` to ``last``, both included."""
    return frozenset(range(first, last + 1))


@dataclass(frozen=True, kw_only=True)
class LabelMap:
    """Which 8-bit class ids of a source are legal, human, or to be ignored.

    Any other id makes the mask unreadable: it is either damaged or of another dataset.

    Raises:
        ValueError: ids outside 0..255, human or ignored ids that are not legal, or both at once.
    """

    human: frozenset[int]
    ignore: frozenset[int]
    legal: frozenset[int]

    def __post_init__(self) -> None:
        """Refuse a map that contradicts itself."""
        if not self.legal <= _span(0, 255):
            raise ValueError(f"legal ids outside 0..255: {sorted(self.legal - _span(0, 255))}")
        stray = (self.human | self.ignore) - self.legal
        if stray:
            raise ValueError(f"human or ignored ids that are not legal: {sorted(stray)}")
        if self.human & self.ignore:
            raise ValueError(f"ids both human and ignored: {sorted(self.human & self.ignore)}")


#: 0 background, 1..20 objects (15 person), 255 border and difficult.
VOC = LabelMap(
    human=frozenset({15}), ignore=frozenset({255}), legal=_span(0, 20) | frozenset({255})
)

#: Pixels of the 164k maps: 0..181 things and stuff, 0 is person. ``labels.txt`` counts from one.
COCO_STUFF = LabelMap(
    human=frozenset({0}), ignore=frozenset({255}), legal=_span(0, 181) | frozenset({255})
)

#: SceneParsing150: 1..150 (13 person), 0 unlabelled.
ADE20K = LabelMap(human=frozenset({13}), ignore=frozenset({0}), legal=_span(0, 150))

#: Full ADE20K of 2021: 3,688 classes, numbered from one in the publisher's index; 0 unlabelled.
ADE20K_FULL_CLASSES = 3688
#: ``person, individual, someone, somebody, mortal, soul``: its ``name_ndx`` in the JSON files that
#: the publisher puts beside the images.
ADE20K_FULL_PERSON = 1831
#: What our reader makes of them.
ADE_UNLABELLED, ADE_PERSON, ADE_OTHER = 0, 1, 2
ADE20K_FULL = LabelMap(
    human=frozenset({ADE_PERSON}), ignore=frozenset({ADE_UNLABELLED}), legal=_span(0, 2)
)

#: The Semantic Boundaries Dataset has VOC's classes, and neither border nor void.
SBD = LabelMap(human=frozenset({15}), ignore=frozenset(), legal=_span(0, 20))

#: Outlines of COCO's instances JSON as our reader draws them: 1 a person, 255 a crowd of them.
COCO_INSTANCES = LabelMap(
    human=frozenset({1}), ignore=frozenset({255}), legal=frozenset({0, 1, 255})
)

#: COCO's category of persons, and the id that our reader gives to a crowd of them, whose outline
#: is not drawn person by person.
PANOPTIC_PERSON = 1
PANOPTIC_CROWD = 255

#: Category ids of the panoptic JSON: 1..200, 0 where no segment was drawn.
COCO_PANOPTIC = LabelMap(
    human=frozenset({PANOPTIC_PERSON}),
    ignore=frozenset({0, PANOPTIC_CROWD}),
    legal=_span(0, 200) | frozenset({PANOPTIC_CROWD}),
)

#: Instance ids: 0 background, 1.. one pedestrian each.
PENN_FUDAN = LabelMap(human=_span(1, 254), ignore=frozenset(), legal=_span(0, 254))

#: Clothing tags: 0 background, 1..58 the person with what is worn and carried.
CCP = LabelMap(human=_span(1, 58), ignore=frozenset(), legal=_span(0, 58))
