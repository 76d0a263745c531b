"""The class ids of a label map: the one home of this convention."""

from __future__ import annotations

#: Neither human nor moving.
STATIC = 0

#: A person, moving or standing still.
HUMAN = 1

#: Moves, and is not a person: a car, a dog, a door.
OTHER_MOVER = 2

#: Names of the default classes; the position is the class id.
CLASS_NAMES: tuple[str, ...] = ("static", "human", "other mover")

#: RGB colour of each default class in pictures: distinguishable for the colour-blind.
CLASS_COLOURS_RGB: tuple[tuple[int, int, int], ...] = ((238, 238, 238), (213, 94, 0), (0, 114, 178))
