"""One visit to all images, best first: who stays, what the others repeat, and what is linked.

Most looks have few hashes near theirs, and the index proposes those. A look in a crowd, such as a
film of one fixed camera, is compared with all by sketches instead: the hashes would exclude little.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from dataset_build.duplicates.look_alikes import FloatArray, Links, Looks, correlation, in_pieces
from dataset_build.duplicates.look_sketches import Block, BoolArray, Sketches
from dataset_build.duplicates.near_hashes import HASH_BITS, IntArray, NearIndex

#: Places visited together: their hashes are compared each with each, 2 MB.
_VISITED_AT_ONCE = 1 << 9
#: A look that the index compares more often than this is in a crowd, if it is also more than
#: ``_CROWD_SHARE`` of what its sketch would be compared with, at about that share of the price.
_CROWD = 1 << 10
_CROWD_SHARE = 1 / 32


class Nearest:
    """For each place, best first: the nearest that stays among what was offered so far."""

    def __init__(self, places: int) -> None:
        self.kept = np.full(places, -1, np.int64)  # -1: nothing was offered, this one stays
        self.distance = np.full(places, HASH_BITS + 1, np.int64)
        self.correlation = np.zeros(places)

    def offer(
        self, places: IntArray, kept: IntArray, distance: IntArray, agreement: FloatArray
    ) -> None:
        """Take what is nearer, by hash, then by rank, than what was offered before.

        Args:
            places: (P,) places, several times each or not at all.
            kept: (P,) a place that stays, for each.
            distance: (P,) differing bits.
            agreement: (P,) correlation of the thumbnails.
        """
        order = np.lexsort((kept, distance, places))
        asked, first = np.unique(places[order], return_index=True)
        best = order[first]
        far, before = self.distance[asked], self.kept[asked]
        nearer = (distance[best] < far) | ((distance[best] == far) & (kept[best] < before))
        asked, best = asked[nearer], best[nearer]
        self.kept[asked] = kept[best]
        self.distance[asked] = distance[best]
        self.correlation[asked] = agreement[best]


class Visit:
    """Fills ``nearest`` and ``links``: first ``choose``, then ``link_the_rest``.

    Args:
        looks: of the places.
        radius: largest Hamming distance of near hashes.
        min_correlation: smallest correlation of thumbnails that agree.
    """

    def __init__(self, looks: Looks, radius: int, min_correlation: float) -> None:
        self.looks, self.radius, self.min_correlation = looks, radius, min_correlation
        self.nearest = Nearest(len(looks.look_of))
        self.links = Links(len(looks.hashes))
        self._index = NearIndex(looks.hashes, radius)  # of the looks that stay
        self._place_of = np.full(len(looks.hashes), -1, np.int64)  # of each look that stays

    @cached_property
    def _sketches(self) -> Sketches:
        return Sketches(self.looks.thumbnails, self.min_correlation)

    def choose(self) -> None:
        """Choose who stays; links each look with all that stay and are like it.

        Only what stays is compared with, and that is little where much is alike: no two that
        stay are.
        """
        for start in range(0, len(self.looks.look_of), _VISITED_AT_ONCE):
            seen = self.looks.look_of[start : start + _VISITED_AT_ONCE]
            for near in self._near_those_that_stay(seen):
                for place, member in in_pieces(*near):
                    self._compare(start + place, self._place_of[member])
            self._choose_among(start, seen)
            stay = seen[self._staying(start, len(seen))]
            self._place_of[stay] = start + self._staying(start, len(seen))
            self._index.add(stay)

    def _near_those_that_stay(self, seen: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
        """Places in ``seen`` and looks that stay, of near hashes; without what surely disagrees."""
        stay = np.flatnonzero(self._place_of >= 0)
        crowded = _crowded(self._index.compared(seen), len(stay))
        few, many = np.flatnonzero(~crowded), np.flatnonzero(crowded)
        for place, member in self._index.near(seen[few]):
            yield few[place], member
        if len(many):
            for place, other in self._sketches.pairs(seen[many], stay):
                near = self._near(seen[many[place]], stay[other])
                yield many[place[near]], stay[other[near]]

    def _near(self, left: IntArray, right: IntArray) -> BoolArray:
        differ = self.looks.hashes[left] ^ self.looks.hashes[right]
        near: BoolArray = np.bitwise_count(differ) <= self.radius
        return near

    def _staying(self, start: int, places: int) -> IntArray:
        return np.flatnonzero(self.nearest.kept[start : start + places] < 0)

    def _choose_among(self, start: int, seen: IntArray) -> None:
        """The places from ``start`` among each other: each that still stays against those after."""
        near = self._near(seen[:, None], seen)
        if np.count_nonzero(near) - len(seen) > _CROWD:  # each is near itself
            near &= self._sketches.may_agree(seen, seen)
        for one in np.flatnonzero(np.count_nonzero(near, axis=1) > 1):  # not to itself alone
            if self.nearest.kept[start + one] < 0:
                others = start + one + 1 + np.flatnonzero(near[one, one + 1 :])
                self._compare(others, np.full(len(others), start + one))

    def _compare(self, places: IntArray, kept: IntArray) -> None:
        """Places against places that stay, with near hashes: offers and links those alike.

        Args:
            places: (P,), at most as many as are compared at once.
            kept: (P,) for each.
        """
        left, right = self.looks.look_of[places], self.looks.look_of[kept]
        agreement = correlation(self.looks.thumbnails[left], self.looks.thumbnails[right])
        alike = np.flatnonzero(agreement >= self.min_correlation)
        left, right = left[alike], right[alike]
        distance = np.bitwise_count(self.looks.hashes[left] ^ self.looks.hashes[right])
        self.nearest.offer(places[alike], kept[alike], distance.astype(np.int64), agreement[alike])
        self.links.join(left, right)

    def link_the_rest(self) -> None:
        """Link alike looks that do not stay with each other, and with what came after them.

        Labels put looks that are linked with nothing first: they stay, no two of them are alike,
        and the search asks only what has a lower label than the look that asks.
        """
        crowded = self._link_crowded()
        for band in range(self._index.bands):
            linked, labels = self._labels()
            rows = np.flatnonzero(linked & ~crowded)
            for proposed in self._index.across(band, rows, labels):
                left, right = self.links.apart(*proposed)
                found = self._index.first_found(band, left, right)
                self._link(left[found], right[found])

    def _labels(self) -> tuple[BoolArray, IntArray]:
        looks = len(self.looks.hashes)
        linked: BoolArray = np.bincount(self.links.top, minlength=looks)[self.links.top] > 1
        return linked, self.links.top + looks * linked

    def _link_crowded(self) -> BoolArray:
        """Link the looks in crowds with whatever is alike; (L,) which these are."""
        linked, labels = self._labels()
        rows = np.flatnonzero(linked)
        crowded = np.zeros(len(linked), np.bool_)
        crowded[rows] = _crowded(self._index.proposed_across(rows, labels), len(linked))
        if crowded.any():
            order = np.lexsort((labels, ~crowded))  # groups together: tight balls, told apart
            many = np.count_nonzero(crowded)
            blocks = self._sketches.blocks(order[:many])
            self._link_blocks(blocks, self._sketches.blocks(order[many:]))
        return crowded

    def _link_blocks(self, crowd: list[Block], others: list[Block]) -> None:
        for number, one in enumerate(crowd):
            for two in [*crowd[number:], *others]:
                if self._is_one_group(one, two) or not self._sketches.blocks_may_agree(one, two):
                    continue
                for place, other in self._sketches.pairs(one.looks, two.looks):
                    left, right = self.links.apart(one.looks[place], two.looks[other])
                    near = self._near(left, right)
                    self._link(left[near], right[near])

    def _is_one_group(self, one: Block, two: Block) -> bool:
        top = self.links.top[one.looks[0]]
        return all(bool((self.links.top[block.looks] == top).all()) for block in (one, two))

    def _link(self, left: IntArray, right: IntArray) -> None:
        """Link those of these pairs, of near hashes, that are alike."""
        for piece in in_pieces(left, right):
            one, two = self.links.apart(*piece)
            agreement = correlation(self.looks.thumbnails[one], self.looks.thumbnails[two])
            alike = agreement >= self.min_correlation
            self.links.join(one[alike], two[alike])


def _crowded(compared: IntArray, others: int) -> BoolArray:
    """Which looks the index compares so often that comparing with all others costs less.

    Args:
        compared: (R,) how often it compares each.
        others: how many there are.
    """
    crowded: BoolArray = compared > max(_CROWD, _CROWD_SHARE * others)
    return crowded
