"""Streams that send no whole picture after the first, as some network cameras do."""

from __future__ import annotations

from types import SimpleNamespace

import av
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camera_analysis.footage.sampled_frame import Fault, SampledFrame
from camera_analysis.footage.video import EVERY_FRAME_S, read_samples
from camera_analysis.footage.video_convert import FrameConverter
from camera_analysis.footage.video_file import ReadConfig, index_packets, open_video
from camera_analysis.footage.video_refresh import RefreshReader
from tests.camera_analysis.factories_footage import encode, numbered_frame, steady

FPS = 25
FRAMES = 300


def clip(path, keys=50, b_frames=0, codec="libx264", settings="intra-refresh=1"):
    """Wide enough that the round of a refresh lasts for many frames."""
    frames = (numbered_frame(number, 96, 480) for number in range(FRAMES))
    words = f"{settings}:keyint={keys}:bframes={b_frames}:scenecut=0"
    if codec == "libx265":
        words += ":log-level=none"
    options = {codec.removeprefix("lib") + "-params": words}
    return encode(path, frames, steady(FRAMES, FPS), codec=codec, options=options, gop=keys)


def in_one_go(path):
    """Every picture that comes out when the file is decoded from its start, by its time."""
    convert = FrameConverter(ReadConfig())
    with av.open(str(path)) as file:
        return {float(f.pts * f.time_base): convert.rgb(f) for f in file.decode(video=0)}


def samples_of(path, interval_s, **config):
    items = list(read_samples(path, interval_s, config=ReadConfig(**config)))
    frames = {item.pts_s: item.frame_rgb for item in items if isinstance(item, SampledFrame)}
    return frames, [item for item in items if isinstance(item, Fault)]


def assert_same_pictures(frames, whole):
    assert all(np.array_equal(frame, whole[pts_s]) for pts_s, frame in frames.items())


def index_of(path):
    container, stream = open_video(path, ReadConfig())
    with container:
        return index_packets(container, stream)[0]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize("keys", [50, 250])
def test_a_picture_refreshed_by_and_by_is_sampled_exactly(tmp_path, suffix, b_frames, keys):
    path = clip(tmp_path / f"clip.{suffix}", keys, b_frames)
    whole = in_one_go(path)
    assert len(whole) == FRAMES
    assert index_of(path).key_n.sum() > 1  # though only the first is a whole picture
    for interval_s in (0.2, 1.0, 1.37, 2.0, 5.0):
        frames, faults = samples_of(path, interval_s)
        assert faults == []
        assert len(frames) == int((FRAMES - 1) / FPS / interval_s) + 1
        assert_same_pictures(frames, whole)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_so_is_one_of_h265(tmp_path, suffix):
    path = clip(tmp_path / f"clip.{suffix}", codec="libx265")
    frames, faults = samples_of(path, 1.0)
    assert (len(frames), faults) == (12, [])
    assert_same_pictures(frames, in_one_go(path))


def test_key_frames_alone_are_those_at_which_a_refresh_begins(tmp_path):
    path = clip(tmp_path / "clip.mp4")
    frames, faults = samples_of(path, 1.0, sampling="key_frames")
    assert [round(pts_s * FPS) for pts_s in frames] == [0, 50, 100, 150, 200, 250]
    assert faults == []
    assert_same_pictures(frames, in_one_go(path))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_damage_lasts_until_the_next_round_of_refresh_is_complete(tmp_path, suffix):
    path = clip(tmp_path / f"clip.{suffix}")
    whole = in_one_go(path)
    with av.open(str(path)) as file:
        places = [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]
    data, (start, size) = bytearray(path.read_bytes()), places[70]
    data[start + size // 3 : start + size // 3 + 12] = bytes(range(200, 212))
    path.write_bytes(data)
    frames, faults = samples_of(path, EVERY_FRAME_S)
    lost = [round(pts_s * FPS) for pts_s in sorted(set(whole) - set(frames))]
    assert lost == list(range(70, lost[-1] + 1))
    assert 100 < lost[-1] < 150  # the round that begins at 100 shows its picture when it ends
    assert [fault.reason for fault in faults] == ["undecodable"]
    assert_same_pictures(frames, whole)
    few, _ = samples_of(path, 1.0)
    assert sorted(few) == [pts_s for pts_s in sorted(frames) if round(pts_s * FPS) % FPS == 0]
    assert_same_pictures(few, whole)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_recording_that_begins_within_shows_what_one_go_shows(tmp_path, suffix):
    given_path, path = clip(tmp_path / f"given.{suffix}"), tmp_path / f"clip.{suffix}"
    with av.open(str(given_path)) as given_file, av.open(str(path), "w") as file:
        stream = file.add_stream_from_template(given_file.streams.video[0])
        for packet in list(given_file.demux(video=0))[50:]:
            if packet.size:
                packet.stream = stream
                file.mux(packet)
    whole = in_one_go(path)
    assert FRAMES - 100 < len(whole) < FRAMES - 50
    for interval_s in (EVERY_FRAME_S, 1.0):
        frames, faults = samples_of(path, interval_s)
        assert [(fault.reason, fault.start_s) for fault in faults] == [("undecodable", 0)]
        assert faults[0].end_s <= 50 / FPS
        assert_same_pictures(frames, whole)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_refresh_behind_much_that_the_maker_of_the_camera_says_is_seen(tmp_path, suffix):
    given_path, path = clip(tmp_path / "given.mp4"), tmp_path / f"clip.{suffix}"
    said = of_the_maker(20_000)
    with av.open(str(given_path)) as given_file, av.open(str(path), "w") as file:
        stream = file.add_stream_from_template(given_file.streams.video[0])
        for packet in given_file.demux(video=0):
            if packet.size:
                before = len(said).to_bytes(4, "big") + said if packet.is_keyframe else b""
                longer = av.Packet(before + bytes(packet))
                for name in ("pts", "dts", "time_base", "duration", "is_keyframe"):
                    setattr(longer, name, getattr(packet, name))
                longer.stream = stream
                file.mux(longer)
    index = index_of(path)
    assert (index.key_n.sum(), index.gradual_n.sum()) == (6, 5)
    frames, faults = samples_of(path, 1.0)
    assert (len(frames), faults) == (12, [])
    assert_same_pictures(frames, in_one_go(path))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("settings", ["open-gop=1", "open-gop=0", "slices=4", "interlaced=1"])
def test_decoding_still_starts_at_every_whole_key_frame(tmp_path, suffix, settings):
    index = index_of(clip(tmp_path / f"clip.{suffix}", 50, 2, settings=settings))
    assert index.key_n.sum() >= 5
    assert np.array_equal(index.start_n, index.key_n)


def of_the_maker(length):
    """A message that only the maker of a camera understands."""
    return b"\x06\x05" + b"\xff" * (length // 255) + bytes([length % 255]) + b"\x55" * length


DELIMITER, INTRA, PREDICTED = b"\x09\xf0", b"\x01\x88\x80", b"\x01\x9a\x02"
WHOLE = b"\x65\x88\x84"
#: A message of 255 + 45 bytes that is of no concern here, then a recovery point.
AT_ONCE, IN_FIVE = (
    b"\x06\x05\xff\x2d" + bytes(300) + b"\x06\x01" + count + b"\x80" for count in (b"\xc4", b"\x34")
)


@pytest.mark.parametrize("length_bytes", [0, 2, 4])
@pytest.mark.parametrize(
    ("units", "gradual"),
    [
        ([DELIMITER, WHOLE], False),
        ([DELIMITER, IN_FIVE, WHOLE], False),
        ([AT_ONCE, INTRA, PREDICTED], False),  # two fields, of which the second refers to the first
        ([IN_FIVE, INTRA], True),
        ([IN_FIVE, PREDICTED], True),
        ([AT_ONCE, PREDICTED], True),
        ([INTRA], False),
        ([PREDICTED, INTRA], True),
        ([of_the_maker(60_000), IN_FIVE, INTRA], True),
        ([of_the_maker(60_000) + IN_FIVE[1:], INTRA], True),  # two messages of one unit
        ([of_the_maker(30_000), of_the_maker(30_000), PREDICTED], True),
        ([of_the_maker(60_000), AT_ONCE, INTRA], False),
        ([of_the_maker(60_000), WHOLE], False),
        ([b"", DELIMITER], False),
        ([], False),
    ],
)
def test_a_packet_says_itself_whether_it_is_a_whole_picture(units, gradual, length_bytes):
    if length_bytes:
        packet = b"".join(len(unit).to_bytes(length_bytes, "big") + unit for unit in units)
    else:
        packet = b"".join(b"\0\0\0\1" + unit for unit in units)
    assert reader(length_bytes).is_gradual(packet) is gradual
    assert reader(length_bytes, "hevc").is_gradual(packet) is False


def reader(length_bytes, codec="h264"):
    header = bytes([1, 100, 0, 31, 0xFC | length_bytes - 1]) if length_bytes else None
    context = SimpleNamespace(name=codec, extradata=header)
    return RefreshReader(SimpleNamespace(codec_context=context))


@pytest.mark.parametrize(
    ("packet", "length_bytes"),
    [(b"\0\0\1\x06", 0), (b"\0\0\1", 0), (b"\1\x06", 1), (b"\0", 4), (b"\0\0\1\x06\1\0", 0)],
)
@pytest.mark.timeout(60)  # half a second, unless each copies what follows it: that hangs
def test_a_packet_of_nothing_but_tiny_units_does_not_hang(packet, length_bytes):
    assert reader(length_bytes).is_gradual(packet * (2_000_000 // len(packet))) is False


@given(st.binary(max_size=80), st.sampled_from([0, 1, 2, 4]))
@example(b"\0\0\1\x06\xff\xff", 0)
@example(b"\0\0\1\x06\x06", 0)
@example(b"\0\0\1\x01\0\0", 0)
@example(b"\xff\xff\xff\xff\x01", 4)
def test_nothing_in_a_damaged_packet_breaks_the_reading(packet, length_bytes):
    assert reader(length_bytes).is_gradual(packet) in (True, False)
