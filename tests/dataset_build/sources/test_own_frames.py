"""A folder of own frames: drafts beside pictures, masks painted in any of three ways, deletion."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset_build.sources.own_frames import (
    StoredFrame,
    forget,
    frame_name,
    import_masks,
    look_at,
    own_frames_source,
    store_frame,
    stored_frames,
)

NAMES = ("20260105T080000-000Z", "20260105T090000-500Z")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two stored frames of 4 x 2 pixels with empty drafts."""
    root = tmp_path / "home" / "door"
    for name in NAMES:
        store_frame(root, frame(name), png(np.zeros((2, 4, 3))), png(np.zeros((2, 4))))
    return root


def frame(name: str) -> StoredFrame:
    return StoredFrame(
        name=name,
        file="a.mp4",
        pts_s=1.5,
        time_utc="2026-01-05T08:00:00+00:00",
        unsure_bits=0.25,
        moved_share=0.1,
        drawn_by="none",
    )


def png(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(out, format="PNG")
    return out.getvalue()


def give(folder: Path, **masks: object) -> Path:
    folder.mkdir(exist_ok=True)
    for name, mask in masks.items():
        place = {"first": NAMES[0], "second": NAMES[1]}.get(name, name)
        (folder / f"{place}.png").write_bytes(png(np.array(mask)))
    return folder


def mask_of(root: Path, name: str) -> list[list[int]]:
    return np.asarray(Image.open(root / "masks" / f"{name}.png")).tolist()


def test_frames_are_named_by_their_instant():
    assert frame_name(datetime(2026, 1, 5, 9, 0, 0, 500_000, UTC)) == NAMES[1]


def test_stored_frames_have_drafts_and_no_masks(root: Path):
    assert look_at(root).frames == NAMES
    assert look_at(root).masked == ()
    assert sorted(path.stem for path in (root / "drafts").iterdir()) == sorted(NAMES)
    assert [one.name for one in stored_frames(root)] == list(NAMES)
    assert stored_frames(root)[0] == frame(NAMES[0])


def test_only_the_owner_may_look_into_the_folder(root: Path):
    assert root.stat().st_mode & 0o077 == 0


def test_black_and_white_masks(root: Path, tmp_path: Path):
    folder = give(tmp_path / "in", first=[[0, 255, 255, 0], [0, 0, 0, 0]])
    assert import_masks(root, folder).imported == (NAMES[0],)
    assert mask_of(root, NAMES[0]) == [[0, 255, 255, 0], [0, 0, 0, 0]]
    assert look_at(root).masked == (NAMES[0],)


def test_masks_of_ids_where_255_is_ignored(root: Path, tmp_path: Path):
    """The second shows nobody; that 255 means ignored there is known from the first."""
    folder = give(
        tmp_path / "in",
        first=[[0, 1, 1, 255], [0, 0, 0, 0]],
        second=[[0, 0, 0, 255], [0, 0, 0, 0]],
    )
    assert set(import_masks(root, folder).imported) == set(NAMES)
    assert mask_of(root, NAMES[0]) == [[0, 255, 255, 128], [0, 0, 0, 0]]
    assert mask_of(root, NAMES[1]) == [[0, 0, 0, 128], [0, 0, 0, 0]]


def test_masks_painted_as_in_the_review(root: Path, tmp_path: Path):
    folder = give(tmp_path / "in", first=[[0, 255, 128, 0], [0, 0, 0, 0]])
    import_masks(root, folder)
    assert mask_of(root, NAMES[0]) == [[0, 255, 128, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        ([[0, 7, 0, 0], [0, 0, 0, 0]], r"values \[7\]"),
        ([[0, 0], [0, 0]], "2 x 2 px, the image has 4 x 2"),
        ([[128] * 4, [128] * 4], "every pixel is ignored"),
    ],
)
def test_what_is_no_mask_is_refused_and_the_others_are_taken(root, tmp_path, mask, says):
    folder = give(tmp_path / "in", first=mask, second=[[0, 255, 0, 0], [0, 0, 0, 0]], other=[[0]])
    done = import_masks(root, folder)
    assert done.imported == (NAMES[1],)
    refused = dict(done.refused)
    assert refused["other.png"] == "no frame of this name"
    assert re.search(says, refused[f"{NAMES[0]}.png"])
    assert not (root / "masks" / f"{NAMES[0]}.png").exists()


def test_two_ways_of_painting_in_one_folder_are_refused(root: Path, tmp_path: Path):
    folder = give(
        tmp_path / "in",
        first=[[0, 1, 0, 0], [0, 0, 0, 0]],
        second=[[0, 128, 255, 0], [0, 0, 0, 0]],
    )
    done = import_masks(root, folder)
    assert done.imported == (NAMES[0],)
    assert "another mask of the folder holds a 1" in dict(done.refused)[f"{NAMES[1]}.png"]


def test_a_folder_of_other_names_is_an_error(root: Path, tmp_path: Path):
    with pytest.raises(ValueError, match="1 PNGs there, 2 frames here"):
        import_masks(root, give(tmp_path / "in", other=[[0]]))


def test_the_sources_own_folder_is_no_place_to_import_from(root: Path):
    with pytest.raises(ValueError, match="is the source's own"):
        import_masks(root, root / "masks")


def test_nothing_is_left_of_deleted_frames(root: Path):
    assert forget(root) == 2
    assert not root.exists()
    assert forget(root) == 0


def test_painted_masks_mean_what_the_source_reads():
    labels = own_frames_source(train_only=True).labels
    assert (labels.human, labels.ignore, labels.legal) == ({255}, {128}, {0, 128, 255})
    assert own_frames_source(train_only=False).train_only is False
