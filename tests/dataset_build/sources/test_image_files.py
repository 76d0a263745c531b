from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataset_build.sources.faults import SampleFault
from dataset_build.sources.image_files import (
    decode_luma,
    decode_rgb,
    decode_stored,
    load_file,
    read_header,
    require_size,
)
from tests.dataset_build.factories_sources import photograph


def encoded(array: np.ndarray, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


JPEG = encoded(photograph(40, 60), "JPEG")
PROGRESSIVE = encoded(photograph(40, 60), "JPEG", progressive=True)
PNG = encoded(photograph(40, 60), "PNG")


def png_of_size(width: int, height: int) -> bytes:
    """A small, valid file that announces a huge picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(10_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG], ids=["jpeg", "progressive", "png"])
def test_header_gives_width_and_height_without_decoding(data):
    header = read_header(data, "image")
    assert (header.width, header.height) == (60, 40)


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG], ids=["jpeg", "progressive", "png"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_undecodable(data, share):
    with pytest.raises(SampleFault, match=r"truncated|no picture"):
        read_header(data[: int(len(data) * share)], "image")


def test_a_truncated_jpeg_whose_thumbnail_is_whole_is_still_truncated():
    exif = Image.Exif()
    exif[0x9286] = b"\xff\xd8 a thumbnail \xff\xd9"
    data = encoded(photograph(40, 60), "JPEG", exif=exif)
    with pytest.raises(SampleFault, match="no end-of-image mark"):
        read_header(data[:-40], "image")


def test_bytes_after_the_end_of_a_jpeg_do_no_harm():
    assert read_header(JPEG + b"trailer", "image").width == 60


@pytest.mark.parametrize("chunk", [b"IHDR", b"IDAT"])
def test_a_wrong_crc_names_the_chunk(chunk):
    broken = bytearray(PNG)
    at = PNG.index(chunk)
    broken[at + 12] ^= 0xFF
    with pytest.raises(SampleFault, match=f"wrong CRC in PNG chunk '{chunk.decode()}'"):
        read_header(bytes(broken), "mask")


@pytest.mark.parametrize("data", [b"", b"GIF89a....", b"<html>404</html>"])
def test_what_is_neither_jpeg_nor_png_says_how_it_begins(data):
    with pytest.raises(SampleFault, match="neither JPEG nor PNG"):
        read_header(data, "image")


def test_a_sixty_thousand_pixel_bomb_is_refused_by_its_header():
    header = read_header(png_of_size(60_000, 60_000), "image")
    with pytest.raises(SampleFault, match="image_too_large: 60000 x 60000 px"):
        require_size(header.width, header.height, "image", max_px=80_000_000)


def test_an_empty_picture_is_undecodable():
    with pytest.raises(SampleFault, match="0 x 5 px"):
        require_size(0, 5, "mask", max_px=100)


def test_a_file_beyond_the_limit_is_digested_but_not_kept(tmp_path: Path):
    path = tmp_path / "large.jpg"
    path.write_bytes(b"x" * 401)
    loaded = load_file(path, "image", max_px=100, absent="")
    assert loaded.data is None
    assert loaded.size_bytes == 401
    assert len(loaded.sha256) == 64
    with pytest.raises(SampleFault, match="image_too_large: file of 401 bytes; at most 400"):
        loaded.require()


def test_a_file_that_cannot_be_opened_states_no_absolute_path(tmp_path: Path):
    loaded = load_file(tmp_path, "image", max_px=100, absent="")
    with pytest.raises(SampleFault, match="image_undecodable") as caught:
        loaded.require()
    assert str(tmp_path) + "/" not in caught.value.detail


def test_a_file_that_vanished_is_missing(tmp_path: Path):
    with pytest.raises(SampleFault, match=r"mask_missing: gone\.png"):
        load_file(tmp_path / "gone.png", "mask", max_px=100, absent="").require()


def test_pixels_come_as_stored_whatever_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees
    data = encoded(photograph(40, 60), "JPEG", exif=exif)
    assert decode_rgb(data).shape == (40, 60, 3)
    assert decode_luma(data, "image", min_width_px=60).shape == (40, 60)


def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_wide_enough():
    data = encoded(photograph(480, 640), "JPEG")
    assert decode_luma(data, "image", min_width_px=256).shape == (240, 320)


def test_palette_indices_are_not_turned_into_colours():
    ids = np.array([[0, 15], [255, 3]], np.uint8)
    picture = Image.fromarray(ids)
    picture.putpalette([7] * 768)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    assert decode_stored(buffer.getvalue(), "mask").tolist() == ids.tolist()


def test_one_bit_masks_give_zeros_and_ones():
    ids = np.eye(3, dtype=bool)
    buffer = io.BytesIO()
    Image.fromarray(ids).save(buffer, "PNG")
    stored = decode_stored(buffer.getvalue(), "mask")
    assert stored.dtype == np.uint8
    assert stored.tolist() == ids.astype(int).tolist()


@given(
    data=st.sampled_from([JPEG, PROGRESSIVE, PNG]),
    damage=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    length=st.integers(0, 10_000),
)
def test_damage_of_any_kind_is_a_fault_and_nothing_else(data, damage, length):
    broken = bytearray(data)
    for at, value in damage:
        broken[at % len(broken)] = value
    for part in (bytes(broken), bytes(broken[:length])):
        try:
            header = read_header(part, "image")
            require_size(header.width, header.height, "image", max_px=1_000_000)
            decode_luma(part, "image", min_width_px=16)
        except SampleFault as fault:
            assert "0x" not in fault.detail  # no memory address: the same words in every run
