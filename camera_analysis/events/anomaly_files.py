"""What judging a day leaves behind: two tables, a summary, and pictures of its top events."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from camera_analysis.channels.channel_maps import DAY_SCORED
from camera_analysis.events.alarm_promise import AlarmPromise
from camera_analysis.events.anomaly_pictures import save_pictures
from camera_analysis.events.departure_tables import (
    CHANNEL_DEPARTURES_FILE,
    DEPARTURES_FILE,
    write_departures,
)
from camera_analysis.events.judged_day import JUDGED, FrameScores, JudgedDay
from camera_analysis.events.path_verdict import PathSummary
from camera_analysis.footage.frame_times import FrameTimes
from camera_analysis.labelling.labels import LabelsMeta, read_labels_meta
from camera_analysis.labelling.regions import CLASS

SCORES_FILE = "frame_scores.parquet"
EVENTS_FILE = "events.parquet"
ANOMALIES_META_FILE = "anomalies.json"

_UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")

#: One row per judged frame, in the order of time.
SCORES = pa.schema(
    [
        ("frame_id", pa.int32()),
        ("time_utc", _UTC_MICROSECONDS),
        ("delta_share", pa.float64()),  # share of known pixels that differ from the mode, [0, 1]
        ("surprise_bits", pa.float64()),  # smoothed over time
        ("surprise_raw_bits", pa.float64()),  # of the frame alone
        # surprise_bits reaches its threshold, not by usual departures alone, or the channels depart
        # within an event
        ("alarm", pa.bool_()),
        # How rarely a normal frame shows as much anywhere; null where class judged alone.
        ("channels_bits", pa.float64()),  # all channels together
        *((f"{channel}_bits", pa.float64()) for channel in DAY_SCORED),  # null: not calibrated
        # Of the most unusual walk under way, as a whole; 0 for none, null where walks say nothing.
        ("path_bits", pa.float64()),
    ]
)

#: One row per event, in the order of time.
EVENTS = pa.schema(
    [
        ("event_id", pa.int32()),  # from 1
        ("start_utc", _UTC_MICROSECONDS),
        ("end_utc", _UTC_MICROSECONDS),  # of the last frame that shows it
        # The sample that the reason tells: see the tracker of events
        ("peak_frame_id", pa.int32()),
        ("peak_time_utc", _UTC_MICROSECONDS),
        ("class_id", pa.int16()),
        ("class_name", pa.string()),
        # Box at the peak, in label-map pixels; x1 and y1 are exclusive. Of a path: of all of it.
        ("x0", pa.int32()),
        ("y0", pa.int32()),
        ("x1", pa.int32()),
        ("y1", pa.int32()),
        ("height", pa.int32()),  # of the label maps
        ("width", pa.int32()),
        ("area_px", pa.int32()),
        ("frames", pa.int32()),
        ("score_bits", pa.float64()),
        ("reason", pa.string()),
        # "class", "path" or the channel that departs most in that sample
        ("leading", pa.string()),
        # The largest score of each alone, within the event; null where class judged alone.
        *((f"{channel}_bits", pa.float64()) for channel in (CLASS, *DAY_SCORED)),
        ("path_bits", pa.float64()),  # null where it has no unusual walk
        # log2 of 2^bits of class surprise added up over its seconds; 0 where none departs by class
        ("class_strength_bits", pa.float64()),
        ("channel_strength_bits", pa.float64()),  # the same of the channels together
        ("expected_by", pa.string()),  # key of the mark that makes it no alarm; "" for an alarm
    ]
)


@dataclass(frozen=True, kw_only=True)
class AnomalySummary:
    """What was judged; ``worst_bits`` is 0 without events.

    Args:
        events: alarms; those that a person said to expect are counted apart.
        worst_bits: of the alarms.
    """

    status: str
    frames: int
    frames_over_threshold: int
    events: int
    expected_events: int
    alarm_bits: float
    normal_frames: int
    worst_bits: float
    channel_least_bits: float | None
    class_least_bits: float | None
    usual_departures: int
    promise: AlarmPromise | None
    paths: PathSummary | None
    pictures: tuple[Path, ...]


def write_day(day: JudgedDay, times: FrameTimes, labels_dir: Path, out: Path) -> AnomalySummary:
    """Write everything of a judged day; without a judged frame the tables are empty.

    Args:
        day: the judged day.
        times: of its frames.
        labels_dir: folder of the privacy-safe ``plate.png`` that pictures are drawn on.
        out: existing folder.
    """
    pq.write_table(_scores_table(day.scores), out / SCORES_FILE, compression="zstd")
    events = _events_table(day, read_labels_meta(labels_dir))
    pq.write_table(events, out / EVENTS_FILE, compression="zstd")
    if day.status == JUDGED:  # later days are calibrated by them
        write_departures(day.departures, out / DEPARTURES_FILE)
        if day.channel_departures is not None:
            write_departures(day.channel_departures, out / CHANNEL_DEPARTURES_FILE)
    alarms = [event for event in day.events if not event.expected_by]
    summary = AnomalySummary(
        status=day.status,
        frames=len(day.scores.bits),
        frames_over_threshold=int(day.scores.alarm.sum()),
        events=len(alarms),
        expected_events=len(day.events) - len(alarms),
        alarm_bits=day.alarm_bits,
        normal_frames=day.normal_frames,
        worst_bits=max((event.score_bits for event in alarms), default=0.0),
        channel_least_bits=day.channel_least_bits,
        class_least_bits=day.class_least_bits,
        usual_departures=day.usual_departures,
        promise=day.promise,
        paths=day.paths,
        pictures=save_pictures(day, times, labels_dir, out) if len(day.scores.bits) else (),
    )
    meta = {name: value for name, value in asdict(summary).items() if name != "pictures"}
    text = json.dumps(meta, indent=1, sort_keys=True)
    (out / ANOMALIES_META_FILE).write_text(text + "\n", encoding="utf-8")
    return summary


def _scores_table(scores: FrameScores) -> pa.Table:
    columns = {
        "frame_id": scores.frame_ids,
        "time_utc": scores.utc_us,
        "delta_share": scores.delta_share,
        "surprise_bits": scores.bits,
        "surprise_raw_bits": scores.raw_bits,
        "alarm": scores.alarm,
    }
    for channel in ("channels", *DAY_SCORED, "path"):
        bits = scores.channels.get(channel, np.full(len(scores.bits), np.nan))
        columns[f"{channel}_bits"] = np.asarray(bits, np.float64)
    arrays = [
        pa.array(columns[column.name], from_pandas=True).cast(column.type) for column in SCORES
    ]
    return pa.Table.from_arrays(arrays, schema=SCORES)


def _events_table(day: JudgedDay, meta: LabelsMeta) -> pa.Table:
    rows = [
        {
            "event_id": event.event_id,
            "start_utc": event.start,
            "end_utc": event.end,
            "peak_frame_id": event.peak_frame_id,
            "peak_time_utc": event.peak_time,
            "class_id": event.class_id,
            "class_name": day.classes[event.class_id],
            **asdict(event.box),
            "height": meta.height,
            "width": meta.width,
            "area_px": event.area_px,
            "frames": event.frames,
            "score_bits": event.score_bits,
            "reason": event.reason,
            "leading": event.leading,
            **{f"{channel}_bits": bits for channel, bits in event.channel_bits.items()},
            "class_strength_bits": event.class_strength_bits,
            "channel_strength_bits": event.channel_strength_bits,
            "expected_by": event.expected_by,
        }
        for event in day.events
    ]
    return pa.Table.from_pylist(rows, schema=EVENTS)
