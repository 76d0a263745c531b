"""A source of one's own: a folder of images and one of masks, described by a few lines of YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dataset_build.sources.label_maps import LabelMap

SPLITS = ("none", "train", "val", "test")
#: ``other``: every id that is neither human nor ignored is not human.
ALL = "all"
#: Takes part in file names, partition keys and sample ids.
SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

_IDS = range(256)


def require_source_name(name: str) -> None:
    """Refuse a name that could not be a folder, a partition key and a part of sample ids.

    Raises:
        ValueError: names the allowed pattern.
    """
    if not SOURCE_NAME.fullmatch(name):
        raise ValueError(
            f"source name {name!r} is not allowed; expected 1 to 64 of a-z, 0-9, _ and -,"
            " beginning with a letter or a digit"
        )


@dataclass(frozen=True, kw_only=True)
class CustomSource:
    """How a folder holds images and masks, and what the masks' ids mean.

    Args:
        human: ids of pixels that are a person.
        images: folder below the root, or a glob such as ``scenes/*/rgb/*.jpg``; what the wildcards
            match pairs an image with its mask.
        masks: the same for the masks.
        image_suffix: end of an image's file name where ``images`` is a folder; "" for any of .jpg,
            .jpeg and .png.
        mask_suffix: end of a mask's file name where ``masks`` is a folder.
        ignore: ids of pixels that nobody labelled.
        other: ids of pixels that are not a person; ``all`` for every id that is left.
        licence: under which the images may be used; a column of the ledger.
        split: the official split of all samples: none, train, val or test.
        drafts: folder or glob of masks that nobody has confirmed, such as a model's; a sample that
            has no other mask stays out of the dataset until a reviewer has seen it.
        train_only: all samples are learned from, none is held out.
        fixed_camera: all are frames of one view, so that near duplicates of each other stay.
        private: no photograph is drawn on the preview sheet, masks alone.

    Raises:
        ValueError: no human id, an id outside 0..255 or with two meanings, a path that leaves the
            root, an unknown split, a flag that is neither true nor false.
    """

    human: tuple[int, ...]
    images: str = "images"
    masks: str = "masks"
    image_suffix: str = ""
    mask_suffix: str = ".png"
    ignore: tuple[int, ...] = ()
    other: str | tuple[int, ...] = ALL
    licence: str = "not stated"
    split: str = "none"
    drafts: str = ""
    train_only: bool = False
    fixed_camera: bool = False
    private: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not be read, or would be read wrongly."""
        for name in ("human", "ignore"):
            _require_ids(getattr(self, name), name)
        if not self.human:
            raise ValueError("human = []; name at least one id of pixels that are a person")
        if self.other != ALL:
            _require_ids(self.other, "other")
        self._require_one_meaning()
        for name in ("images", "masks", *(["drafts"] if self.drafts else [])):
            _require_inside(getattr(self, name), name)
        _require_suffixes(self.image_suffix, self.mask_suffix)
        if not isinstance(self.licence, str):
            raise ValueError(f"licence = {self.licence!r}; expected text")
        if self.split not in SPLITS:
            raise ValueError(f"split = {self.split!r}; expected one of {', '.join(SPLITS)}")
        self._require_flags()

    @property
    def labels(self) -> LabelMap:
        """Which ids are legal, human, ignored."""
        named = frozenset(self.human) | frozenset(self.ignore)
        legal = frozenset(_IDS) if self.other == ALL else named | frozenset(self._others)
        return LabelMap(human=frozenset(self.human), ignore=frozenset(self.ignore), legal=legal)

    @property
    def _others(self) -> tuple[int, ...]:
        return self.other if isinstance(self.other, tuple) else ()

    def _require_flags(self) -> None:
        for name in ("train_only", "fixed_camera", "private"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} = {getattr(self, name)!r}; expected true or false")

    def _require_one_meaning(self) -> None:
        named = (*self.human, *self.ignore, *self._others)
        twice = sorted({i for i in named if named.count(i) > 1})
        if twice:
            raise ValueError(f"ids {twice} are named twice; an id is human, ignored or other")


def _require_ids(ids: object, name: str) -> None:
    if not isinstance(ids, tuple) or any(type(i) is not int or i not in _IDS for i in ids):
        expected = "a list of whole numbers from 0 to 255"
        if name == "other":
            expected += f", or {ALL}"
        shown = list(ids) if isinstance(ids, tuple) else ids
        raise ValueError(f"{name} = {shown!r}; expected {expected}")


def _require_suffixes(image_suffix: object, mask_suffix: object) -> None:
    for suffix, least in ((image_suffix, 0), (mask_suffix, 1)):
        if not isinstance(suffix, str) or "/" in suffix or len(suffix) < least:
            raise ValueError(
                f"image_suffix {image_suffix!r}, mask_suffix {mask_suffix!r}: expected the end of"
                " a file name, such as .png or _mask.png"
            )


def _require_inside(path: object, name: str) -> None:
    parts = path.split("/") if isinstance(path, str) else [""]
    if any(part in ("", ".", "..") for part in parts) or "\\" in str(path):
        raise ValueError(
            f"{name} = {path!r}; expected a folder or a glob below the source's root, such as"
            f" {name} or scenes/*/{name}/*.png"
        )
