"""The pass writes what moves and what stays, the same at any frame rate, and no pixel."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.camera import Camera
from camera_analysis.channels.channel_codes import (
    ABSENT,
    DIRECTION,
    SIZE,
    SPEED,
    STAY,
    TONE,
    CodeReader,
)
from camera_analysis.channels.tone_light import COMMON_LEVEL, level_of, tone_picture
from camera_analysis.footage.video_write import write_video
from camera_analysis.labelling.code_tables import (
    CODES,
    DAY_CHANNELS,
    DAY_CODES,
    CodedFrame,
    CodesMeta,
    CodeWriter,
    iterate_codes,
    read_codes_meta,
    write_codes_meta,
)
from camera_analysis.labelling.label_pass import process_day
from tests.camera_analysis.factories_scene import room

pytestmark = pytest.mark.usefixtures("coarse_pictures")

DAY = "2026-01-05"
META = CodesMeta(
    grid=(3, 4),
    cell_px=(4.0, 4.0),
    speed_px=3.0,
    size_px=2.0,
    stay_s=1.0,
    per_octave={"speed": 6, "size": 6, "stay": 2},
)


def walk(fps, seconds, px_per_s, stop_s=None):
    """A dappled square of 24 pixels crosses a room from left to right, and may stop."""
    dapples = np.random.default_rng(1).integers(20, 235, (6, 6)).astype(np.uint8)
    body = cv2.resize(dapples, (24, 24), interpolation=cv2.INTER_CUBIC)
    scene = cv2.GaussianBlur(room(height=96, width=240), (5, 5), 0)
    for number in range(round(seconds * fps)):
        time_s = min(number / fps, stop_s or seconds)
        frame = np.ascontiguousarray(scene)
        x = round(8 + time_s * px_per_s)
        frame[40:64, x : x + 24] = body[:, :, None]
        yield cv2.GaussianBlur(frame, (3, 3), 0)


def passed(folder, frames, fps, interval_s=1.0, *, tones=False):
    """Coded frames of a day of one clip."""
    out = [folder / name for name in ("yard", "index", "labels")]
    for path in out:
        path.mkdir(parents=True)
    write_video(out[0] / f"{DAY}T08-00-00.mp4", frames, fps, crf=12)
    camera = Camera(id="yard", folder=out[0], interval_s=interval_s, tones=tones)
    process_day(camera, DAY, None, out[1], out[2])
    meta = read_codes_meta(out[2])
    return out[2], meta, list(iterate_codes(out[2], meta))


def values(frames, channel, meta, least):
    """All readings of an ordered channel, in its unit."""
    codes = np.concatenate([frame.codes[channel].ravel() for frame in frames])
    return least * 2 ** (codes[codes != ABSENT] / meta.per_octave[channel])


@pytest.mark.parametrize("fps", [5, 8, 25])
def test_speed_and_size_are_the_same_at_any_frame_rate(tmp_path, fps):
    _, meta, frames = passed(tmp_path, walk(fps, 6, 30), fps)
    assert len(frames) == 6 and all(frame.paired for frame in frames)
    assert np.median(values(frames, SPEED, meta, meta.speed_px)) == pytest.approx(30, rel=0.25)
    assert np.median(values(frames, SIZE, meta, meta.size_px)) == pytest.approx(26, rel=0.25)
    directions = np.concatenate([frame.codes[DIRECTION].ravel() for frame in frames])
    assert np.median(directions[directions != ABSENT]) == 0  # along x


def test_who_stops_is_seen_to_stay_and_no_longer_to_move(tmp_path):
    _, meta, frames = passed(tmp_path, walk(8, 20, 12, stop_s=12), 8)
    last = frames[-1]
    assert (last.codes[SPEED] == ABSENT).all()
    stayed = values([last], STAY, meta, meta.stay_s)
    assert stayed.size >= 9
    assert np.median(stayed) == pytest.approx(7, rel=0.4)


def test_the_table_is_one_that_any_reader_reads(tmp_path):
    labels, _, frames = passed(tmp_path, walk(8, 4, 30), 8)
    assert pq.read_schema(labels / "codes.parquet").equals(CODES)
    row = pq.read_table(labels / "codes.parquet").to_pylist()[2]
    assert row["frame_id"] == frames[2].frame_id
    assert len(row["place"]) == len(row["speed"]) == len(row["stay"]) >= 9


def test_codes_come_back_as_they_were_written(tmp_path):
    rng = np.random.default_rng(0)
    written = []
    for number in range(7):
        codes = {c: rng.integers(0, 8, META.grid).astype(np.uint8) for c in DAY_CHANNELS}
        for code in codes.values():
            code[rng.random(META.grid) < number / 6] = ABSENT  # the last frame shows nothing
        written.append(CodedFrame(3 * number, number != 2, codes))
    with CodeWriter(tmp_path, rows_per_group=3) as writer:
        for frame in written:
            writer.add(frame)
    write_codes_meta(META, tmp_path)
    meta = read_codes_meta(tmp_path)
    assert meta == META
    for one, other in zip(written, iterate_codes(tmp_path, meta), strict=True):
        assert (one.frame_id, one.paired) == (other.frame_id, other.paired)
        assert all(np.array_equal(one.codes[c], other.codes[c]) for c in DAY_CHANNELS)


def test_tones_are_kept_where_the_camera_asks_for_them_and_nowhere_else(tmp_path):
    plain, without, _ = passed(tmp_path / "without", walk(8, 6, 30), 8)
    assert without.tone_grid is None
    assert "tone" not in pq.read_schema(plain / "codes.parquet").names
    assert "tone" not in (plain / "codes.json").read_text()
    labels, meta, frames = passed(tmp_path / "with", walk(8, 6, 30), 8, tones=True)
    assert meta.tone_grid == (20, 48)  # 45 along 240 pixels, in whole ones
    assert all(np.array_equal(f.codes[STAY].shape, meta.grid) for f in frames)
    table = pq.read_table(labels / "codes.parquet").to_pylist()
    assert [len(row["tone"]) for row in table] == [20 * 48] * len(frames)
    apart = np.abs(frames[1].codes[TONE].astype(int) - frames[4].codes[TONE])
    where = np.flatnonzero((apart > 4).any(axis=0)) * 5  # pixels
    assert where.size > 4
    assert where.min() >= 35 and where.max() < 155  # from where the body was to where it is


def test_tones_do_not_tell_a_dim_day_from_a_bright_one(tmp_path):
    def lit(factor):
        return ((f * factor).astype(np.uint8) for f in walk(8, 4, 30))

    (_, _, bright), (_, _, dim) = (
        passed(tmp_path / str(factor), lit(factor), 8, tones=True) for factor in (1.0, 0.6)
    )
    apart = [
        np.abs(one.codes[TONE].astype(int) - other.codes[TONE])
        for one, other in zip(bright, dim, strict=True)
    ]
    assert max(np.quantile(each, 0.95) for each in apart) <= 1


def test_a_view_that_is_hardly_lit_is_brought_to_the_common_light_too():
    reader = CodeReader(90, 180, DAY_CODES)
    grey = np.tile(np.linspace(4, 16, 180).round().astype(np.uint8), (90, 1))
    plate = tone_picture(grey, reader.grids[TONE])
    lit, dim = (
        reader.read_tone((grey * light).astype(np.uint8), plate, level_of(plate))
        for light in (1.0, 2.0)
    )
    assert lit.mean() == pytest.approx(COMMON_LEVEL / 4, rel=0.05)
    assert np.abs(lit.astype(int) - dim).max() <= 2


def test_tones_come_back_as_they_were_written(tmp_path):
    rng = np.random.default_rng(1)
    meta = replace(META, tone_grid=(2, 5))
    written = []
    for number in range(7):
        codes = {c: np.full(META.grid, ABSENT, np.uint8) for c in DAY_CHANNELS}
        codes[TONE] = rng.integers(0, 64, (2, 5)).astype(np.uint8)
        written.append(CodedFrame(number, True, codes))
    with CodeWriter(tmp_path, tones=True, rows_per_group=3) as writer:
        for frame in written:
            writer.add(frame)
    write_codes_meta(meta, tmp_path)
    read = read_codes_meta(tmp_path)
    assert read == meta != META
    for one, other in zip(written, iterate_codes(tmp_path, read), strict=True):
        assert np.array_equal(one.codes[TONE], other.codes[TONE])


def test_a_day_labelled_before_there_were_channels_has_none(tmp_path):
    assert read_codes_meta(tmp_path) is None


def test_nothing_moves_where_no_mover_is(tmp_path):
    """Light that flickers over an even wall has flow too, and means nothing."""

    rng = np.random.default_rng(0)

    def flicker():
        for _ in range(48):
            frame = room(height=96, width=240)
            cloud = cv2.resize(rng.normal(0, 4, (6, 8)), (120, 96), interpolation=cv2.INTER_CUBIC)
            frame[:, 120:] = (120 + cloud).astype(np.uint8)[:, :, None]
            yield frame

    _, _, frames = passed(tmp_path, flicker(), 8)
    assert all((frame.codes[SPEED] == ABSENT).all() for frame in frames)
