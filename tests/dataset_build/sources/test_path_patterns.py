from __future__ import annotations

from pathlib import Path

import pytest

from dataset_build.sources.path_patterns import find_files

SUFFIXES = (".jpg", ".png")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in (
        "images/a.jpg",
        "images/b.PNG",
        "images/notes.txt",
        "images/deeper/c.jpg",
        "scenes/yard/rgb/0001.jpg",
        "scenes/yard/mask/0001_ids.png",
        "scenes/hall/rgb/0001.jpg",
        "scenes/hall/night/rgb/0002.jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_gives_its_files_by_stem_and_counts_the_others(base: Path):
    found = find_files(base, "images", SUFFIXES)
    assert found.by_key == {"a": "images/a.jpg", "b": "images/b.PNG"}
    assert found.strays == ("images/notes.txt",)


def test_wildcards_give_the_key_so_that_images_and_masks_pair(base: Path):
    images = find_files(base, "scenes/*/rgb/*.jpg", ())
    masks = find_files(base, "scenes/*/mask/*_ids.png", ())
    assert images.by_key == {
        "hall/0001": "scenes/hall/rgb/0001.jpg",
        "yard/0001": "scenes/yard/rgb/0001.jpg",
    }
    assert masks.by_key == {"yard/0001": "scenes/yard/mask/0001_ids.png"}


def test_two_stars_reach_any_depth(base: Path):
    found = find_files(base, "scenes/**/rgb/*.jpg", ())
    assert sorted(found.by_key) == ["hall/0001", "hall/night/0002", "yard/0001"]
    assert "c" in {key.split("/")[-1] for key in find_files(base, "**/*.jpg", ()).by_key}


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("images/?.jpg", ["a"]),
        ("images/[ab].*", ["a/jpg", "b/PNG"]),
        ("images/[!a]*.png", ["b"]),
        ("nowhere/*.jpg", []),
        ("images/a.jpg/*", []),
    ],
)
def test_other_wildcards(base: Path, pattern: str, keys: list[str]):
    assert sorted(find_files(base, pattern, SUFFIXES).by_key) == keys


def test_of_two_files_with_one_key_the_second_stands_under_its_whole_name(base: Path):
    (base / "images" / "a.png").touch()
    found = find_files(base, "images", SUFFIXES).by_key
    assert (found["a"], found["a.png"]) == ("images/a.jpg", "images/a.png")
    found = find_files(base, "images/[ab].???", ()).by_key
    assert found == {
        "a/j/p/g": "images/a.jpg",
        "a/p/n/g": "images/a.png",
        "b/P/N/G": "images/b.PNG",
    }
    (base / "scenes" / "yard" / "rgb" / "0001.JPG").touch()
    found = find_files(base, "scenes/yard/rgb/*.jpg", ()).by_key
    assert found == {
        "0001": "scenes/yard/rgb/0001.JPG",
        "scenes/yard/rgb/0001.jpg": "scenes/yard/rgb/0001.jpg",
    }


@pytest.mark.parametrize("pattern", ["images", "images/*.jpg"])
def test_hidden_files_are_no_pictures(base: Path, pattern: str):
    (base / "images" / "._a.jpg").touch()
    found = find_files(base, pattern, (".jpg",))
    assert list(found.by_key) == ["a"]
    assert "images/._a.jpg" in found.strays


def test_links_to_folders_are_not_followed(base: Path):
    (base / "scenes" / "loop").symlink_to(base / "scenes")
    assert sorted(find_files(base, "scenes/**/*.jpg", ()).by_key) == [
        "hall/night/rgb/0002",
        "hall/rgb/0001",
        "yard/rgb/0001",
    ]


@pytest.mark.parametrize("target", ["nowhere.jpg", "link.jpg", "."])
def test_a_link_without_a_file_behind_it_is_no_picture(base: Path, target: str):
    (base / "images" / "link.jpg").symlink_to(target)
    for pattern in ("images", "images/*.jpg"):
        assert "link" not in find_files(base, pattern, (".jpg",)).by_key
    (base / "images" / "linked.jpg").symlink_to("a.jpg")
    assert "linked" in find_files(base, "images", SUFFIXES).by_key


def test_special_characters_in_names_are_themselves(tmp_path: Path):
    (tmp_path / "im.ages+(1)").mkdir()
    (tmp_path / "im.ages+(1)" / "a.jpg").touch()
    assert find_files(tmp_path, "im.ages+(1)", SUFFIXES).by_key == {"a": "im.ages+(1)/a.jpg"}
