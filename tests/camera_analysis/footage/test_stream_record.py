"""Recording a stream: whole segments, exact names, reconnects, no secrets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from camera_analysis.camera import Camera, CameraConfigError
from camera_analysis.footage import stream_record
from camera_analysis.footage.file_time import FileTime
from camera_analysis.footage.footage_files import find_footage
from camera_analysis.footage.sampled_frame import SampledFrame
from camera_analysis.footage.stream_address import redacted, require_address, stream_address
from camera_analysis.footage.stream_clock import Clock
from camera_analysis.footage.stream_names import SegmentNames
from camera_analysis.footage.stream_record import (
    Outage,
    RecordConfig,
    connect,
    record_stream,
)
from camera_analysis.footage.stream_recover import recover_parts
from camera_analysis.footage.stream_segments import Segment
from camera_analysis.footage.video import read_samples
from tests.camera_analysis.factories_footage import number_of, numbered_clip, numbered_frame, steady
from tests.camera_analysis.stream_server import PASSWORD, USER, Broadcast, mjpeg, served

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 5, 7, 0, 0, 250_000, tzinfo=UTC)


class Hands:
    """A clock that stands still but while the recorder waits."""

    def __init__(self, now=START, step_s=0.0):
        self.time, self.step = now, timedelta(seconds=step_s)
        self.waits = []

    def now(self):
        self.time += self.step
        return self.time

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.time += timedelta(seconds=seconds)


def record(address, folder, hands=None, zone=BERLIN, file_time=None, **config):
    hands = hands or Hands()
    names = SegmentNames(folder=folder, zone=zone, file_time=file_time or FileTime())
    settings = {"attempts": 1, "largest_drift_s": 1e9, "timeout_s": 5.0, **config}
    items = record_stream(
        address, names, Clock(now=hands.now, sleep=hands.sleep), RecordConfig(**settings)
    )
    return list(items)


def numbers_in(path, interval_s=0.05):
    items = read_samples(path, interval_s)
    return [number_of(item.frame_rgb) for item in items if isinstance(item, SampledFrame)]


@pytest.fixture(scope="module")
def transport_stream(tmp_path_factory):
    """Ten seconds at 10 frames a second, a key frame each second, B-frames, as MPEG-TS."""
    path = tmp_path_factory.mktemp("stream") / "camera.ts"
    numbered_clip(path, steady(100, 10), gop=10, options={"bf": "2", "sc_threshold": "0"})
    return path.read_bytes()


def test_segments_hold_every_frame_once_and_their_names_say_when(tmp_path, transport_stream):
    with served(Broadcast([transport_stream, None])) as host:
        items = record(f"http://{host}/live", tmp_path, segment_s=4)
    segments = [item for item in items if isinstance(item, Segment)]
    assert [segment.path.relative_to(tmp_path).as_posix() for segment in segments] == [
        "2026-01-05/2026-01-05T08-00-00.250.mkv",
        "2026-01-05/2026-01-05T08-00-04.250.mkv",
        "2026-01-05/2026-01-05T08-00-08.250.mkv",
    ]
    assert [n for segment in segments for n in numbers_in(segment.path)] == list(range(100))
    camera = Camera(id="yard", folder=tmp_path, time_zone="Europe/Berlin")
    starts = [file.start_utc - START for file in find_footage(camera).files]
    assert [start.total_seconds() for start in starts] == [0, 4, 8]


def test_a_stream_that_breaks_off_leaves_whole_segments_and_is_asked_again(
    tmp_path, transport_stream
):
    hands = Hands()
    cut = transport_stream[: len(transport_stream) * 11 // 20]
    with served(Broadcast([None, cut, None, None, transport_stream, None])) as host:
        items = record(f"http://{host}/live", tmp_path, hands, attempts=3, segment_s=300)
    segments = [item for item in items if isinstance(item, Segment)]
    assert len(segments) == 2
    first = numbers_in(segments[0].path)
    assert first == list(range(len(first)))
    assert 40 <= len(first) < 60
    assert numbers_in(segments[1].path) == list(range(100))
    # Doubled with each failure in a row, and from the start again after a segment.
    assert hands.waits == [1, 1, 1, 2, 1, 1, 2]
    assert sorted(tmp_path.rglob(".*")) == []
    assert "given up" in items[-1].detail


def test_what_is_read_while_a_stream_is_opened_was_shown_before(
    tmp_path, transport_stream, monkeypatch
):
    """Opening takes three seconds, in which as much of the stream waits to be read."""
    hands = Hands()

    def slow(address, config):
        source = connect(address, config)
        hands.sleep(3)
        return source

    monkeypatch.setattr(stream_record, "connect", slow)
    with served(Broadcast([transport_stream, None])) as host:
        items = record(f"http://{host}/live", tmp_path, hands, segment_s=4, largest_drift_s=2.0)
    starts = [item.start_utc - START for item in items if isinstance(item, Segment)]
    assert starts[0] == timedelta()
    first = next(item for item in items if isinstance(item, Segment))
    assert first.path.name == "2026-01-05T08-00-00.250.mkv"


def test_a_packet_that_took_longest_does_not_say_when_the_first_one_was_shown(
    tmp_path, transport_stream
):
    """The first packet is late by what passes at each look: later ones are later, none earlier."""
    with served(Broadcast([transport_stream, None])) as host:
        items = record(f"http://{host}/live", tmp_path, Hands(step_s=0.2), segment_s=300)
    (segment,) = [item for item in items if isinstance(item, Segment)]
    assert timedelta() < segment.start_utc - START < timedelta(seconds=1.5)


def test_jpeg_streams_take_the_times_of_arrival(tmp_path):
    frames = mjpeg([numbered_frame(n) for n in range(12)])
    broadcast = Broadcast([frames, None], "multipart/x-mixed-replace; boundary=frame")
    with served(broadcast) as host:
        items = record(f"http://{host}/mjpg", tmp_path, Hands(step_s=0.1))
    (segment,) = [item for item in items if isinstance(item, Segment)]
    assert numbers_in(segment.path) == list(range(12))
    samples = [s for s in read_samples(segment.path, 0.05) if isinstance(s, SampledFrame)]
    assert samples[-1].offset_s > 1.0  # on the recorder's clock, not at an assumed rate


def test_recording_ends_with_its_time(tmp_path, transport_stream):
    with served(Broadcast([transport_stream])) as host:
        items = record(f"http://{host}/live", tmp_path, Hands(step_s=0.05), total_s=4)
    assert all(isinstance(item, Segment) for item in items)
    assert 10 < len(numbers_in(items[0].path)) < 100


def test_a_caller_that_stops_finds_the_running_segment_complete(tmp_path, transport_stream):
    names = SegmentNames(folder=tmp_path, zone=BERLIN, file_time=FileTime())
    hands = Hands()
    with served(Broadcast([transport_stream])) as host:
        items = record_stream(
            f"http://{host}/live",
            names,
            Clock(now=hands.now, sleep=hands.sleep),
            RecordConfig(segment_s=2, largest_drift_s=1e9),
        )
        next(items)
        items.close()
    files = sorted(tmp_path.rglob("*.mkv"))
    assert numbers_in(files[0]) == list(range(20))
    assert all(numbers_in(file) for file in files)
    assert sorted(tmp_path.rglob(".*")) == []


def test_an_existing_segment_is_never_replaced(tmp_path, transport_stream):
    taken = tmp_path / "2026-01-05" / "2026-01-05T08-00-00.250.mkv"
    taken.parent.mkdir()
    taken.write_text("mine")
    with served(Broadcast([transport_stream, None])) as host:
        items = record(f"http://{host}/live", tmp_path)
    assert items[0].path.name == "2026-01-05T08-00-00.250_2.mkv"
    assert taken.read_text() == "mine"


def test_what_a_killed_recorder_left_is_completed(tmp_path, transport_stream):
    with served(Broadcast([transport_stream, None])) as host:
        segment = record(f"http://{host}/live", tmp_path)[0]
    whole = segment.path.read_bytes()
    segment.path.unlink()
    part = segment.path.with_name(f".{segment.path.name}.part")
    part.write_bytes(whole[: len(whole) * 2 // 3])
    empty = part.with_name(".2026-01-05T09-00-00.mkv.part")
    empty.write_bytes(b"")
    assert list(recover_parts(tmp_path)) == []  # somebody may be writing
    assert list(recover_parts(tmp_path, abandoned_s=-1)) == [segment.path]
    left = numbers_in(segment.path)
    assert left == list(range(len(left)))
    assert len(left) > 40
    assert sorted(tmp_path.rglob(".*")) == []


def test_credentials_are_used_and_appear_nowhere(tmp_path, transport_stream, caplog, capfd):
    broadcast = Broadcast([transport_stream, None], needs_password=True)
    with served(broadcast) as host:
        items = record(f"http://{USER}:{PASSWORD}@{host}/live?key={PASSWORD}", tmp_path)
        refused = record(f"http://{USER}:wrong-{PASSWORD}@{host}/live", tmp_path)
    assert isinstance(items[0], Segment)
    assert isinstance(refused[0], Outage)
    out, err = capfd.readouterr()
    said = [out, err, caplog.text, *(repr(item) for item in [*items, *refused])]
    assert not any(PASSWORD in text for text in said)
    for path in tmp_path.rglob("*.mkv"):
        assert PASSWORD.encode() not in path.read_bytes()


def test_the_doubled_hour_gets_names_that_tell_its_halves_apart(tmp_path):
    names = SegmentNames(folder=tmp_path, zone=BERLIN, file_time=FileTime())
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    paths = [names.path_of(first + timedelta(hours=hour), ".mkv").name for hour in range(3)]
    assert paths == [
        "2026-10-25T02-30-00.mkv",
        "2026-10-25T02-30-00+0100.mkv",
        "2026-10-25T03-30-00.mkv",
    ]


def test_a_camera_s_own_names_are_kept_or_refused(tmp_path):
    own = FileTime(
        pattern=r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)-(?P<hour>\d\d)(?P<minute>\d\d)"
    )
    with pytest.raises(ValueError, match="does not read the start"):
        SegmentNames(folder=tmp_path, zone=BERLIN, file_time=own)
    seconds = FileTime(pattern=own.pattern + r"(?P<second>\d\d)")
    names = SegmentNames(folder=tmp_path, zone=BERLIN, file_time=seconds, name="%Y%m%d-%H%M%S")
    assert names.path_of(START, ".mkv") == tmp_path / "20260105-080000.mkv"
    with pytest.raises(ValueError, match="leads out of"):
        SegmentNames(folder=tmp_path, zone=BERLIN, file_time=seconds, name="../%Y%m%d-%H%M%S")


def test_the_wait_grows_to_its_longest_and_stays_there_for_days_of_failures():
    waits = [RecordConfig().wait_s(failures) for failures in (0, 1, 2, 3, 7, 5000)]
    assert waits == [1, 1, 2, 4, 60, 60]


def test_an_address_takes_its_password_from_the_environment(tmp_path):
    text = "stream: 'rtsp://${CAM_USER}:${CAM_PASSWORD}@10.0.0.7:554/main'"
    (tmp_path / "camera.yaml").write_text(text)
    found = stream_address(tmp_path, {"CAM_USER": "a", "CAM_PASSWORD": "b"})
    assert found == "rtsp://a:b@10.0.0.7:554/main"
    assert redacted(found) == "rtsp://10.0.0.7:554"
    with pytest.raises(CameraConfigError, match="CAM_PASSWORD, which is unset"):
        stream_address(tmp_path, {"CAM_USER": "a"})
    (tmp_path / "camera.yaml").write_text("{}")
    with pytest.raises(CameraConfigError, match="no 'stream'"):
        stream_address(tmp_path)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "/etc/passwd", "concat:a|b", "http://"])
def test_only_the_network_is_recorded(address):
    with pytest.raises(CameraConfigError, match="starts with rtsp://") as caught:
        require_address(address)
    assert "passwd" not in str(caught.value)
