"""Private video keeps the source's times, and nothing else of it unless it is asked for."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from camera_analysis.footage.audio_copy import AudioCopy
from camera_analysis.footage.timed_video import SourceClock, TimedVideoWriter, source_clock
from camera_analysis.footage.video_write import write_video


def frames(count, height=48, width=64):
    for number in range(count):
        frame = np.full((height, width, 3), 90, np.uint8)
        frame[10:30, number % 40 : number % 40 + 12] = 220
        yield frame


def times_of(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [frame.pts * stream.time_base for frame in container.decode(stream)]


def write(path, offsets, clock, **options):
    with TimedVideoWriter(path, clock, crf=23, **options) as writer:
        for frame, offset_s in zip(frames(len(offsets)), offsets, strict=True):
            writer.add(frame, offset_s)
    return path


@pytest.mark.parametrize(
    ("time_base", "ticks"),
    [
        (Fraction(1, 12_800), [0, 512, 1024, 1536, 2048]),
        (Fraction(1, 90_000), [0, 3003, 6006, 9009]),
        (Fraction(1, 1000), [0, 33, 67, 400, 433, 5000, 5040, 5041]),
    ],
)
def test_every_frame_keeps_its_time_also_where_the_rate_varies(tmp_path, time_base, ticks):
    clock = SourceClock(time_base=time_base, frame_rate=Fraction(25))
    path = write(tmp_path / "a.mp4", [float(t * time_base) for t in ticks], clock)
    assert times_of(path) == [t * time_base for t in ticks]


def test_browsers_can_play_it_while_it_loads(tmp_path):
    path = write(tmp_path / "a.mp4", [n / 25 for n in range(60)], SourceClock())
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert not container.streams.audio
    written = path.read_bytes()
    assert written.find(b"moov") < written.find(b"mdat")


def test_the_same_frames_give_the_same_bytes(tmp_path):
    one, two = (
        write(tmp_path / name, [n / 10 for n in range(40)], SourceClock())
        for name in ("a.mp4", "b.mp4")
    )
    assert one.read_bytes() == two.read_bytes()


def test_odd_sizes_are_written_with_the_last_row_and_column_repeated(tmp_path):
    with TimedVideoWriter(tmp_path / "a.mp4", SourceClock(), crf=20) as writer:
        for number, frame in enumerate(frames(3, height=47, width=63)):
            writer.add(frame, number / 25)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (64, 48)


def test_time_that_does_not_increase_and_sizes_that_change_are_refused(tmp_path):
    frame = next(frames(1))
    with TimedVideoWriter(tmp_path / "a.mp4", SourceClock(), crf=23) as writer:
        writer.add(frame, 0.0)
        with pytest.raises(ValueError, match="later"):
            writer.add(frame, 0.0)
        with pytest.raises(ValueError, match="not"):
            writer.add(frame[:40], 0.1)


def with_sound(path, seconds=2.0):
    """A video whose header names a place, with a tone."""
    rate = 16_000
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Aisle 7, Springfield"
        video = container.add_stream("libx264", rate=10)
        video.height, video.width, video.pix_fmt = 48, 64, "yuv420p"
        sound = container.add_stream("aac", rate=rate, layout="mono")
        for frame in frames(round(10 * seconds)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        tone = np.sin(np.arange(round(rate * seconds)) * 0.1).astype(np.float32)
        for start in range(0, len(tone) - 1023, 1024):
            part = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], "fltp", "mono")
            part.sample_rate, part.pts = rate, start
            container.mux(sound.encode(part))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    return path


def test_sound_and_words_of_the_source_are_left_out(tmp_path):
    source = with_sound(tmp_path / "source.mp4")
    path = write(tmp_path / "a.mp4", [n / 10 for n in range(20)], source_clock(source))
    with av.open(str(path)) as container:
        assert not container.streams.audio
        assert "title" not in container.metadata
    assert b"Springfield" not in path.read_bytes()


def test_sound_and_words_are_kept_where_they_are_asked_for(tmp_path):
    source = with_sound(tmp_path / "source.mp4")
    with AudioCopy(source, 0.0) as audio:
        path = write(
            tmp_path / "a.mp4",
            [n / 10 for n in range(20)],
            source_clock(source),
            audio=audio,
            keep_metadata=True,
        )
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "Aisle 7, Springfield"
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert 1.8 < samples / 16_000 < 2.2
    assert len(times_of(path)) == 20


def test_a_file_without_sound_is_copied_silently(tmp_path):
    write_video(tmp_path / "source.mp4", frames(10), 10)
    with AudioCopy(tmp_path / "source.mp4", 0.0) as audio:
        path = write(tmp_path / "a.mp4", [0.0, 0.1], SourceClock(), audio=audio)
    with av.open(str(path)) as container:
        assert not container.streams.audio
