from __future__ import annotations

import itertools
import tracemalloc
from bisect import bisect_right

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from camera_analysis.footage.sampled_frame import Fault, SampledFrame
from camera_analysis.footage.video import probe, read_samples
from camera_analysis.footage.video_decode import _Decoder
from camera_analysis.footage.video_file import ReadConfig, VideoError
from camera_analysis.footage.video_write import write_video
from tests.camera_analysis.factories_footage import (
    encode,
    number_of,
    numbered_clip,
    numbered_frame,
    steady,
)

STEPS = (40, 80, 120, 700, 33)
VARIABLE = list(itertools.accumulate([0, *(STEPS[n * n % 5] for n in range(79))]))


def samples_of(path, interval_s, **config):
    items = list(read_samples(path, interval_s, config=ReadConfig(**config)))
    frames = [item for item in items if isinstance(item, SampledFrame)]
    return frames, [item for item in items if isinstance(item, Fault)]


def floors(times_ms, interval_s):
    """Numbers of the last frames at or before each target."""
    targets = itertools.takewhile(
        lambda target: target <= times_ms[-1] + 1e-6,
        (k * interval_s * 1000 for k in itertools.count()),
    )
    return sorted({bisect_right(times_ms, target + 1e-6) - 1 for target in targets})


ENCODINGS = {
    "no B-frames": {"options": {"bf": "0"}},
    "B-frames": {"options": {"bf": "3"}},
    "open groups": {"options": {"bf": "3", "x264-params": "open-gop=1:b-pyramid=2"}},
    "one key frame": {"options": {"bf": "2"}, "gop": 500},
    "mpeg4": {"codec": "mpeg4", "options": {"bf": "2", "qscale": "2"}},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mov", "avi"])
@pytest.mark.parametrize("rate", ["constant", "variable"])
def test_every_sample_is_the_last_frame_at_or_before_its_target(tmp_path, encoding, suffix, rate):
    if suffix == "avi" and rate == "variable":
        pytest.skip("AVI stores no presentation times: it cannot carry a variable rate")
    times = steady(80, 10) if rate == "constant" else VARIABLE
    path = numbered_clip(tmp_path / f"clip.{suffix}", times, **ENCODINGS[encoding])
    for interval_s in (0.04, 0.25, 1.0, 1.37, 5, 100):
        frames, faults = samples_of(path, interval_s)
        expected = floors(times, interval_s)
        assert [number_of(frame.frame_rgb) for frame in frames] == expected
        offsets = [frame.offset_s * 1000 for frame in frames]
        assert np.allclose(offsets, [times[n] for n in expected], atol=1)
        assert faults == []


CODECS = {
    ("libx265", "mp4"): {"x265-params": "log-level=none:bframes=3"},
    ("libx265", "mkv"): {"x265-params": "log-level=none:bframes=0"},
    ("libx265", "ts"): {"x265-params": "log-level=none:bframes=2:open-gop=1"},
    ("libvpx-vp9", "mp4"): {"deadline": "realtime", "cpu-used": "8", "crf": "20"},
    ("libvpx-vp9", "mkv"): {"deadline": "realtime", "cpu-used": "8", "crf": "20"},
    ("mjpeg", "mp4"): {"qscale": "2"},
    ("mjpeg", "mkv"): {"qscale": "2"},
    ("mjpeg", "avi"): {"qscale": "2"},
}


@pytest.mark.parametrize(("codec", "suffix"), CODECS)
def test_what_cameras_send_is_sampled_exactly_in_the_files_it_comes_in(tmp_path, codec, suffix):
    options = CODECS[codec, suffix]
    times = steady(60, 10) if suffix == "avi" else VARIABLE[:60]
    path = numbered_clip(tmp_path / f"clip.{suffix}", times, codec=codec, options=options, gop=12)
    for interval_s in (0.25, 1.37):
        frames, faults = samples_of(path, interval_s)
        expected = floors(times, interval_s)
        assert [number_of(frame.frame_rgb) for frame in frames] == expected
        assert np.allclose(
            [f.offset_s * 1000 for f in frames], [times[n] for n in expected], atol=1
        )
        assert faults == []


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_key_frames_alone_say_that_they_are_not_the_moment_asked_for(tmp_path, suffix):
    path = tmp_path / f"clip.{suffix}"
    numbered_clip(path, steady(60, 10), options={"bf": "2", "sc_threshold": "0"}, gop=20)
    frames, faults = samples_of(path, 0.5, sampling="key_frames")
    # Key frames at 0, 2 and 4 s: each stands for every target until the next, once.
    assert [number_of(frame.frame_rgb) for frame in frames] == [0, 20, 40]
    assert [round(frame.offset_s, 2) for frame in frames] == [0, 2, 4]
    assert {frame.timing for frame in frames} == {"key_frame"}
    assert faults == []
    rare, _ = samples_of(path, 3.0, sampling="key_frames")
    assert [number_of(frame.frame_rgb) for frame in rare] == [0, 20]
    # The last one stands for what comes until the end of the file: the target at 5 s.
    late, _ = samples_of(path, 2.5, sampling="key_frames")
    assert [number_of(frame.frame_rgb) for frame in late] == [0, 20, 40]
    assert {frame.timing for frame in samples_of(path, 3.0)[0]} == {"exact"}


def test_a_transport_stream_keeps_its_own_clock(tmp_path):
    path = numbered_clip(tmp_path / "clip.ts", steady(20, 10))
    frames, _ = samples_of(path, 0.5)
    assert frames[0].offset_s == 0
    assert frames[0].pts_s > 0  # the muxer leaves room for the decoder's delay
    assert frames[1].pts_s - frames[0].pts_s == pytest.approx(0.5)


def test_zero_byte_text_and_audio_less_files_are_one_fault(tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is no video\n" * 50)
    (tmp_path / "list.ts").write_text("#EXTM3U\n#EXTINF:1,\n/etc/hostname\n")
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    found = {path.name: samples_of(path, 1.0) for path in sorted(tmp_path.iterdir())}
    assert all(frames == [] for frames, _ in found.values())
    reasons = {name: [fault.reason for fault in faults] for name, (_, faults) in found.items()}
    assert reasons == {
        "empty.mp4": ["empty_file"],
        "text.mp4": ["unreadable"],
        "list.ts": ["unreadable"],
        "list.mp4": ["unreadable"],
    }
    assert not any(
        str(tmp_path) in fault.detail for _, faults in found.values() for fault in faults
    )


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_a_file_cut_in_the_middle_gives_what_is_readable(tmp_path, suffix):
    path = numbered_clip(tmp_path / f"clip.{suffix}", steady(100, 10))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    frames, _ = samples_of(path, 0.5)
    numbers = [number_of(frame.frame_rgb) for frame in frames]
    assert numbers == list(range(0, 5 * len(numbers), 5))
    assert 5 <= len(numbers) <= 15


def test_a_cut_file_with_its_index_in_front_says_what_is_missing(tmp_path):
    times = steady(100, 10)
    options = {"movflags": "faststart"}
    path = encode(tmp_path / "a.mp4", map(numbered_frame, range(100)), times, container=options)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    frames, faults = samples_of(path, 0.5)
    assert len(frames) > 5
    assert "truncated" in [fault.reason for fault in faults]
    cut = next(fault for fault in faults if fault.reason == "truncated")
    assert cut.end_s == pytest.approx(10.0, abs=0.2)
    assert cut.start_s < 9


def with_second_stream(path, source, codec, disposition=Disposition.default, begin_s=0):
    """A copy of a clip's video beside sound of the same length, or beside a picture.

    Its clock begins at ``begin_s``.
    """
    with av.open(str(source)) as given, av.open(str(path), "w") as file:
        video = file.add_stream_from_template(given.streams.video[0])
        video.disposition = disposition
        second = file.add_stream(codec, rate=8000)
        second.layout = "mono"
        packets = [p for p in given.demux(video=0) if p.size]
        seconds = float(max(p.pts for p in packets) * packets[0].time_base)
        for number, packet in enumerate(packets):
            packet.stream = video
            packet.pts += round(begin_s / packet.time_base)
            packet.dts = None
            file.mux(packet)
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
            sound.sample_rate, sound.pts = 8000, 800 * number + 8000 * begin_s
            if number * 0.1 <= seconds:
                file.mux(second.encode(sound))
        file.mux(second.encode(None))
    return path


@pytest.mark.parametrize("begin_s", [0, 3600])
def test_matroska_with_sound_that_is_cut_says_what_is_missing(tmp_path, begin_s):
    """Neither of its streams has a duration in the header, but a tag says where each ends."""
    silent = numbered_clip(tmp_path / "silent.mkv", steady(100, 10))
    path = with_second_stream(tmp_path / "clip.mkv", silent, "pcm_s16le", begin_s=begin_s)
    assert samples_of(path, 0.5)[1] == []
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    frames, faults = samples_of(path, 0.5)
    assert 5 <= len(frames) <= 15
    assert [fault.reason for fault in faults] == ["truncated"]
    assert faults[0].end_s == pytest.approx(10.0, abs=0.2)


def test_the_cover_picture_of_a_sound_file_is_no_footage(tmp_path):
    picture = numbered_clip(tmp_path / "cover.mp4", [0], codec="mjpeg")
    path = with_second_stream(tmp_path / "a.mp4", picture, "aac", Disposition.attached_pic)
    frames, (fault,) = samples_of(path, 0.5)
    assert (frames, fault.reason) == ([], "no_video")
    assert "cover picture" in fault.detail


def test_damage_in_the_middle_is_a_fault_with_its_time_range(tmp_path):
    path = numbered_clip(tmp_path / "clip.mp4", steady(200, 10), gop=20)
    clean, _ = samples_of(path, 0.5)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    noise = np.random.default_rng(0).integers(0, 256, 200, dtype=np.uint8)
    data[middle : middle + 200] = noise.tobytes()
    path.write_bytes(bytes(data))
    frames, faults = samples_of(path, 0.5)
    assert len(clean) - 8 <= len(frames) < len(clean)
    assert [fault.reason for fault in faults] == ["undecodable"]
    assert 3 < faults[0].start_s < faults[0].end_s < 18
    assert [frame.offset_s for frame in frames] == sorted({frame.offset_s for frame in frames})


def rolling(seed):
    """200 pictures of a textured ground that moves on by a pixel or two."""
    tiles = np.random.default_rng(seed).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    ground = tiles.repeat(4, axis=0).repeat(4, axis=1)
    return [np.roll(ground, (n, 2 * n), axis=(0, 1)) for n in range(200)]


def damaged(path, part, seed):
    """Noise over 200 bytes of a file."""
    data = bytearray(path.read_bytes())
    at = len(data) // part
    noise = np.random.default_rng(seed).integers(0, 256, 200, dtype=np.uint8)
    data[at : at + 200] = noise.tobytes()
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("part", [3, 5, 7, 11])
def test_no_frame_is_given_that_refers_to_a_damaged_one(tmp_path, part):
    """Two groups of ten seconds; the decoder patches up the first and goes on."""
    options = {"bf": "0"}
    path = encode(
        tmp_path / "clip.mp4", iter(rolling(3)), steady(200, 10), gop=100, options=options
    )
    clean, _ = samples_of(path, 0.5)
    damaged(path, part, seed=part)
    given, faults = samples_of(path, 0.5)
    whole = {frame.offset_s: frame.frame_rgb for frame in clean}
    assert all(np.array_equal(frame.frame_rgb, whole[frame.offset_s]) for frame in given)
    assert [fault.reason for fault in faults] == ["undecodable"]
    assert 0 < faults[0].start_s < faults[0].end_s == 10.0
    assert [frame.offset_s for frame in given if frame.offset_s >= 10] == [
        frame.offset_s for frame in clean if frame.offset_s >= 10
    ]


def test_lost_frames_do_not_shift_the_times_of_those_after_them(tmp_path, monkeypatch):
    """AVI stores no presentation times: frames are counted. Two seconds of them are damaged."""
    path = numbered_clip(tmp_path / "clip.avi", steady(200, 10))
    whole = {frame.offset_s: number_of(frame.frame_rgb) for frame in samples_of(path, 0.1)[0]}
    decoded = itertools.count()
    monkeypatch.setattr(_Decoder, "_is_whole", lambda self, frame: not 50 <= next(decoded) < 70)
    given, _ = samples_of(path, 0.5)
    numbers = {frame.offset_s: number_of(frame.frame_rgb) for frame in given}
    assert 34 <= len(numbers) <= 37
    assert numbers == {offset_s: whole[offset_s] for offset_s in numbers}


def test_time_that_steps_back_is_left_out_and_said(tmp_path):
    first = numbered_clip(tmp_path / "a.ts", steady(60, 10), gop=10).read_bytes()
    second = numbered_clip(tmp_path / "b.ts", steady(40, 10), gop=10).read_bytes()
    path = tmp_path / "joined.ts"
    path.write_bytes(first + second)
    frames, faults = samples_of(path, 0.5)
    offsets = [frame.offset_s for frame in frames]
    assert offsets == sorted(set(offsets))
    assert [number_of(frame.frame_rgb) for frame in frames] == list(range(0, 60, 5))
    assert [fault.reason for fault in faults] == ["time_backwards"]


def test_enormous_frames_are_refused_by_the_header(tmp_path):
    path = numbered_clip(tmp_path / "clip.mp4", steady(3, 10))
    frames, faults = samples_of(path, 1.0, max_frame_px=1000)
    assert frames == []
    assert [fault.reason for fault in faults] == ["frame_too_large"]
    assert "96x48" in faults[0].detail
    with pytest.raises(VideoError, match="frame_too_large"):
        probe(path, config=ReadConfig(max_frame_px=1000))


def test_rotation_in_the_header_is_honoured(tmp_path):
    path = numbered_clip(tmp_path / "clip.mp4", steady(5, 10))
    data = path.read_bytes()
    at = data.index(b"tkhd") + 4 + 40  # version, times, id, layer …: the matrix follows
    one = (1 << 16).to_bytes(4, "big")
    minus = (-(1 << 16)).to_bytes(4, "big", signed=True)
    zero, unit = bytes(4), (1 << 30).to_bytes(4, "big")
    upright = one + zero + zero + zero + one + zero + zero + zero + unit
    assert data[at : at + 36] == upright
    quarter = zero + one + zero + minus + zero + zero + zero + zero + unit
    path.write_bytes(data[:at] + quarter + data[at + 36 :])
    frames, _ = samples_of(path, 0.1)
    assert frames[0].native_wh == (48, 96)
    assert frames[0].frame_rgb.shape == (96, 48, 3)
    capture = cv2.VideoCapture(str(path))
    _, other_bgr = capture.read()
    capture.release()
    difference = np.abs(other_bgr[..., ::-1].astype(int) - frames[0].frame_rgb)
    assert difference.mean() < 5


def test_frames_are_reduced_to_the_longest_side(tmp_path):
    path = numbered_clip(tmp_path / "clip.mp4", steady(5, 10))
    frames, _ = samples_of(path, 1.0, max_side_px=48)
    assert frames[0].frame_rgb.shape == (24, 48, 3)
    assert frames[0].native_wh == (96, 48)


def test_an_interval_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="interval_s is 0"):
        next(read_samples(tmp_path / "a.mp4", 0))


def test_memory_grows_by_time_stamps_only(tmp_path):
    def peak(frames):
        path = numbered_clip(tmp_path / f"{frames}.mp4", steady(frames, 10))
        tracemalloc.start()
        for _ in read_samples(path, 0.3):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(50)  # imports
    assert (peak(1200) - peak(300)) / 900 < 120  # bytes a frame, of its 13,824


def test_written_video_depends_on_the_frames_alone(tmp_path):
    frames = [numbered_frame(number, 49, 97) for number in range(12)]
    for name in ("a.mp4", "b.mp4"):
        assert write_video(tmp_path / name, frames, 5) == 12
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    read, faults = samples_of(tmp_path / "a.mp4", 0.2)
    assert [number_of(frame.frame_rgb) for frame in read] == list(range(12))
    assert read[0].native_wh == (98, 50)
    assert faults == []


def test_writing_nothing_or_two_sizes_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no frames"):
        write_video(tmp_path / "a.mp4", [], 5)
    with pytest.raises(ValueError, match="frame 1 is"):
        write_video(tmp_path / "a.mp4", [numbered_frame(0), numbered_frame(1, 50, 100)], 5)
