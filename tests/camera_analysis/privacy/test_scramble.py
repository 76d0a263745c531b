"""Encrypted people: shown again pixel by pixel with the key, refused after any change."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_analysis.privacy.scramble import (
    EncryptedPeople,
    PeopleCipher,
    ScrambleError,
    VideoName,
    key_id,
    new_key,
)
from camera_analysis.privacy.scramble_file import ScrambleReader, ScrambleWriter

NAME = VideoName(camera="yard", day="2026-01-05", video="a.mp4", height=24, width=32)
KEY, OTHER_KEY, SALT = bytes(range(32)), bytes(32), bytes(range(32, 64))


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)


def somebody(seed):
    mask = np.zeros((24, 32), bool)
    mask[3:15, 4 + seed : 10 + seed] = True
    mask[5, 5 + seed] = False
    return mask


def cipher(key=KEY, salt=SALT, name=NAME):
    return PeopleCipher(key, salt, name)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16), share=st.floats(0.01, 1.0))
def test_people_come_back_pixel_by_pixel(seed, share):
    frame = noise(seed)
    mask = np.random.default_rng(seed + 1).random((24, 32)) < share
    mask[7, 7] = True
    people = cipher().encrypt(seed, frame, mask)
    shown_mask, pixels = cipher().decrypt(seed, people)
    assert (shown_mask == mask).all()
    assert (pixels == frame[mask]).all()


def test_nothing_of_the_pixels_is_readable():
    """A run of equal pixels leaves no run in what is written."""
    frame = np.full((24, 32, 3), 200, np.uint8)
    sealed = cipher().encrypt(0, frame, np.ones((24, 32), bool)).sealed
    assert bytes([200]) * 4 not in sealed and b"PNG" not in sealed


@pytest.mark.parametrize(
    "other",
    [
        cipher(key=OTHER_KEY),
        cipher(salt=bytes(32)),
        cipher(name=VideoName(**{**vars(NAME), "camera": "door"})),
        cipher(name=VideoName(**{**vars(NAME), "day": "2026-01-06"})),
        cipher(name=VideoName(**{**vars(NAME), "video": "b.mp4"})),
    ],
)
def test_another_key_camera_day_or_video_is_refused(other):
    people = cipher().encrypt(3, noise(0), somebody(0))
    with pytest.raises(ScrambleError, match="refused"):
        other.decrypt(3, people)


def test_people_of_another_frame_are_refused():
    people = cipher().encrypt(3, noise(0), somebody(0))
    with pytest.raises(ScrambleError, match="refused"):
        cipher().decrypt(4, people)


def test_another_mask_is_refused():
    people = cipher().encrypt(3, noise(0), somebody(0))
    moved = cipher().encrypt(3, noise(0), somebody(1))
    with pytest.raises(ScrambleError, match="refused"):
        cipher().decrypt(3, EncryptedPeople(mask_png=moved.mask_png, sealed=people.sealed))


@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_changed_byte_is_refused(at):
    people = cipher().encrypt(3, noise(0), somebody(0))
    changed = bytearray(people.sealed)
    changed[at] ^= 1
    with pytest.raises(ScrambleError, match="refused"):
        cipher().decrypt(3, EncryptedPeople(mask_png=people.mask_png, sealed=bytes(changed)))


def test_equal_frames_are_encrypted_to_different_bytes():
    one, two = (cipher().encrypt(n, noise(0), somebody(0)).sealed for n in (0, 1))
    assert one != two


def test_keys_are_random_and_known_by_an_id():
    keys = {new_key() for _ in range(10)}
    assert len(keys) == 10 and {len(key) for key in keys} == {32}
    assert len({key_id(key) for key in keys}) == 10
    with pytest.raises(ScrambleError, match="32 bytes"):
        PeopleCipher(b"short", SALT, NAME)


@pytest.fixture
def written(tmp_path):
    """Five frames, the third without anybody, beside a stand-in for the video."""
    video, path = tmp_path / "a.mp4", tmp_path / "a.people"
    video.write_bytes(b"the private video")
    with ScrambleWriter(path, KEY, NAME) as writer:
        for number in range(5):
            mask = np.zeros((24, 32), bool) if number == 2 else somebody(number)
            writer.add(number, noise(number), mask)
        writer.finish(video)
    return path, video


def test_a_file_gives_all_people_back(written):
    path, video = written
    reader = ScrambleReader(path, KEY, video)
    found = list(reader.people())
    assert (reader.frames, reader.name) == (5, NAME)
    assert [people.number for people in found] == [0, 1, 3, 4]
    for people in found:
        assert (people.mask_hw == somebody(people.number)).all()
        assert (people.pixels_rgb == noise(people.number)[somebody(people.number)]).all()


def test_another_key_is_named(written):
    with pytest.raises(ScrambleError, match=key_id(OTHER_KEY)):
        ScrambleReader(written[0], OTHER_KEY, written[1])


def test_a_forged_id_of_the_key_does_not_help(written):
    path, video = written
    forged = path.read_bytes().replace(key_id(KEY).encode(), key_id(OTHER_KEY).encode())
    path.write_bytes(forged)
    with pytest.raises(ScrambleError, match="refused"):
        ScrambleReader(path, OTHER_KEY, video)


def test_any_changed_byte_of_the_file_is_refused(written):
    path, video = written
    whole = path.read_bytes()
    for at in range(0, len(whole), 37):
        changed = bytearray(whole)
        changed[at] ^= 1
        path.write_bytes(bytes(changed))
        with pytest.raises(ScrambleError):
            list(ScrambleReader(path, KEY, video).people())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_file_that_was_cut_is_refused(written, share):
    path, video = written
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ScrambleError):
        ScrambleReader(path, KEY, video)


def records_of(whole):
    """The header and each record of a file, as bytes."""
    start = 14 + int.from_bytes(whole[10:14])
    parts, at = [whole[:start]], start
    while at < len(whole):
        size = (
            16 + int.from_bytes(whole[at + 8 : at + 12]) + int.from_bytes(whole[at + 12 : at + 16])
        )
        parts.append(whole[at : at + size])
        at += size
    return parts


@pytest.mark.parametrize(
    "order",
    [[0, 2, 1, 3, 4, 5], [0, 1, 2, 4, 5], [0, 1, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4]],
    ids=["swapped", "removed", "repeated", "no end"],
)
def test_frames_that_are_swapped_removed_or_repeated_are_refused(written, order):
    path, video = written
    parts = records_of(path.read_bytes())
    path.write_bytes(b"".join(parts[number] for number in order))
    with pytest.raises(ScrambleError):
        ScrambleReader(path, KEY, video)


def test_swapped_people_under_each_others_numbers_are_refused(written):
    path, video = written
    head, one, two, *rest = records_of(path.read_bytes())
    swapped = [one[:8] + two[8:], two[:8] + one[8:]]
    path.write_bytes(b"".join([head, *swapped, *rest]))
    with pytest.raises(ScrambleError):
        ScrambleReader(path, KEY, video)


def test_another_private_video_is_refused(written):
    path, video = written
    video.write_bytes(b"another private video")
    with pytest.raises(ScrambleError, match="changed since"):
        ScrambleReader(path, KEY, video)


def test_a_frame_out_of_turn_is_refused_while_writing(tmp_path):
    with ScrambleWriter(tmp_path / "a.people", KEY, NAME) as writer:
        writer.add(0, noise(0), somebody(0))
        with pytest.raises(ValueError, match="expected"):
            writer.add(0, noise(0), somebody(0))


def test_two_files_of_one_key_have_salts_of_their_own(tmp_path):
    headers = []
    for name in ("a", "b"):
        with ScrambleWriter(tmp_path / name, KEY, NAME):
            pass
        headers.append(json.loads((tmp_path / name).read_bytes()[14:]))
    assert headers[0]["salt"] != headers[1]["salt"]
    assert headers[0]["key_id"] == headers[1]["key_id"]
