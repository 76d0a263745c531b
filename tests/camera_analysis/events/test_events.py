"""Regions linked over time become events, told in a plain sentence."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from camera_analysis.events.departures import Departure, HeldOutFold, PastDepartures
from camera_analysis.events.event_tracker import EventTracker
from camera_analysis.events.events import EventConfig, Snapshot, reason, subjects
from camera_analysis.label_classes import CLASS_NAMES
from camera_analysis.labelling.regions import Box, Region
from tests.camera_analysis.factories_days import MORNING

SECOND = timedelta(seconds=1)


def region(x, y=0, *, bits=12.0, class_id=1, size=8):
    class_px = np.zeros(3)
    class_px[class_id] = size * size
    return Region(
        box=Box(x, y, x + size, y + size),
        score_bits=bits,
        class_px=class_px,
        seen=np.array([900.0, 3.2, 0.0]),
    )


def track(frames, config=None, past=None, **least):
    """Events of a list of region lists, one second apart."""
    names = subjects(CLASS_NAMES, segmented=True)
    tracker = EventTracker(names, SECOND, config or EventConfig(), channel_past=past, **least)
    for i, regions in enumerate(frames):
        labels = np.full((1, 1), i, np.uint8)
        snapshot = Snapshot(labels_hw=labels, delta_bits_hw=labels.astype(np.float32))
        tracker.add(i, MORNING + i * SECOND, regions, 41_200, lambda kept=snapshot: kept)
    return tracker.finish()


def test_a_walker_is_one_event_that_peaks_once():
    (event,) = track([[], [region(0)], [region(8, bits=14.2)], [region(16)], []])
    assert (event.event_id, event.frames, event.peak_frame_id) == (1, 3, 2)
    assert (event.start, event.end) == (MORNING + SECOND, MORNING + 3 * SECOND)
    assert (event.box, event.area_px, event.score_bits) == (Box(8, 0, 16, 8), 64, 14.2)
    assert event.reason == "A person where 3 of 41,200 normal frames showed one (14.2 bits)"
    assert event.snapshot.labels_hw.item() == 2


def test_a_flash_of_one_sample_is_no_event():
    assert track([[], [region(0)], [], [], [], []]) == []


def test_two_missing_samples_do_not_end_an_event_but_many_do():
    assert len(track([[region(0)], [], [], [region(0)]])) == 1
    assert len(track([[region(0)]] * 2 + [[]] * 5 + [[region(0)]] * 2)) == 2


def test_two_people_apart_are_two_events():
    events = track([[region(0), region(60)]] * 3)
    assert [event.box.x0 for event in events] == [0, 60]


def test_what_stays_says_for_how_long():
    (event,) = track([[region(4, class_id=2)]] * 43)
    assert event.reason == (
        "Something that is not a person stays here for 42 s, "
        "where none of 41,200 normal frames showed any (12.0 bits)"
    )


def test_what_walks_does_not_stay():
    (event,) = track([[region(4 * i)] for i in range(40)])
    assert "stays" not in event.reason


def test_the_peak_is_the_sample_that_the_sentence_tells():
    tells = {
        "leading": "stay",
        "words": "stays for 40 s",
        "channel_bits": {"class": 9.0, "stay": 16.0},
    }
    alone = replace(region(30), score_bits=9.0, **tells)
    (event,) = track([[region(24, bits=14.0, size=24)], [alone], [region(24, bits=11.0, size=24)]])
    assert (event.peak_frame_id, event.box, event.area_px) == (1, alone.box, 64)
    assert (event.snapshot.labels_hw.item(), event.score_bits) == (1, 14.0)
    assert event.reason == "A person stays for 40 s (16.0 bits)"


def test_what_stays_is_shown_where_it_stays():
    """The chair in the middle of the room, not who passes by in its last second."""
    chair = [region(40, bits=10.0 + 0.5 * (i == 20), class_id=2) for i in range(43)]
    passing = region(50, bits=12.0, class_id=2, size=2)
    (event,) = track([[one] for one in chair] + [[passing], [passing]])
    assert (event.peak_frame_id, event.box) == (20, chair[20].box)
    assert (event.snapshot.labels_hw.item(), event.score_bits) == (20, 12.0)
    assert event.reason == (
        "Something that is not a person stays here for 42 s, "
        "where none of 41,200 normal frames showed any (10.5 bits)"
    )


def test_what_the_channels_alone_see_staying_is_told_by_them():
    """A chair that no label shows, and somebody whom class sees as they leave."""
    chair = replace(
        region(40, bits=8.0, class_id=2),
        leading="remain",
        words="looks different",
        channel_bits={"class": 0.0, "remain": 7.5},
        together_bits=8.0,
    )
    leaving = replace(region(48, bits=10.5), channel_bits={"class": 10.5, "remain": 1.0})
    (event,) = track([[chair]] * 60 + [[leaving]] * 2)
    assert (event.leading, event.box) == ("remain", chair.box)
    assert event.reason == (
        "Something that is not a person looks different (8.0 bits); it stays here for 59 s"
    )


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ([5.0], "nothing in 600 normal frames departed as strongly"),
        ([14.0, 5.0], "1 departure was as strong in 600 normal frames"),
        ([14.0, 20.0], "2 departures were as strong in 600 normal frames"),
    ],
)
def test_an_event_in_the_channels_is_told_beside_what_departed_before(before, words):
    """Ten seconds at 10 bits are 13.3 bits strong."""
    runs = replace(
        region(4),
        leading="speed",
        words="runs",
        channel_bits={"class": 0.0, "speed": 11.0},
        together_bits=10.0,
    )
    past = PastDepartures([HeldOutFold("day", 600, tuple(Departure(0, 1, b) for b in before))])
    (event,) = track([[runs]] * 10, past=past)
    assert event.reason == f"A person runs (12.0 bits); it lasts 10 s; {words}"


def fast(x=4, **changed):
    """Somebody who runs, as rare as one normal frame in four."""
    told = {
        "leading": "speed",
        "words": "runs",
        "often": "; 1 in 4 normal frames shows as much anywhere",
        "channel_bits": {"class": 10.0, "speed": 11.0},
        "together_bits": 5.2,
    }
    return replace(region(x, bits=10.0), **(told | changed))


def test_past_departures_are_told_of_what_the_channels_made_an_event():
    """By class it is an event, in the channels it is not: these say nothing of the others."""
    past = PastDepartures([HeldOutFold("day", 600, (Departure(0, 1, 20.0),))])
    frames = [[fast(4 * i)] for i in range(6)]
    least = {"least_class_bits": 11.0, "least_channel_bits": 14.0}
    (event,) = track(frames, past=past, **least)
    assert event.reason == "A person runs; 1 in 4 normal frames shows as much anywhere (11.0 bits)"
    (event,) = track(frames, past=past, least_class_bits=11.0, least_channel_bits=7.0)
    assert (
        event.reason == "A person runs (11.0 bits); 1 departure was as strong in 600 normal frames"
    )


def test_where_nothing_was_held_out_it_is_told_how_often_frames_show_as_much():
    (event,) = track([[fast(4 * i)] for i in range(6)])
    assert event.reason == "A person runs; 1 in 4 normal frames shows as much anywhere (11.0 bits)"


def test_the_class_of_what_stays_is_told_not_that_of_who_put_it_there():
    walks = [[region(6 * i, size=30)] for i in range(8)]
    bag = region(64, bits=11.0, class_id=2, size=4)
    (event,) = track([*walks, *[[bag]] * 60])
    assert (event.class_id, event.box) == (2, bag.box)
    assert event.reason.startswith("Something that is not a person stays here for 59 s, where none")
    assert (MORNING, walks[0][0].box) in event.moments  # to which a walk may belong


def test_the_peak_of_class_is_not_that_of_all_channels_together():
    """Its sentence is of class alone: of the second sample as of the third."""
    usual = replace(region(0), channel_bits={"class": 9.0, "speed": 3.0})
    together = replace(usual, score_bits=14.0, together_bits=8.0)
    rare = replace(region(4), channel_bits={"class": 11.0, "speed": 3.0}, score_bits=11.0)
    (event,) = track([[usual], [together], [rare], [usual]])
    assert (event.peak_frame_id, event.score_bits) == (2, 14.0)
    assert event.reason == "A person where 3 of 41,200 normal frames showed one (11.0 bits)"


def test_the_strongest_stay_is_told_though_another_lasts_longer():
    frames = [[region(0, bits=8.5)]] * 70 + [[region(8, bits=14.0)]] * 60
    (event,) = track(frames)
    assert (event.peak_frame_id, event.box.x0) == (71, 8)  # the first sample shows who comes, too
    assert "stays here for 59 s" in event.reason


def test_an_event_keeps_no_normal_alive():
    """A day that is judged in blocks has a normal for each, of which one at a time is kept."""
    names, alive = subjects(CLASS_NAMES, segmented=True), []
    tracker = EventTracker(names, SECOND, EventConfig())
    for block in range(4):
        normal = np.zeros(1)
        alive.append(weakref.ref(normal))
        for second in range(20 * block, 20 * block + 20):

            def snapshot(of=normal):
                labels = np.zeros((1, 1), np.uint8)
                return Snapshot(labels_hw=labels, delta_bits_hw=labels + np.float32(of[0]))

            stays = [region(60 * number) for number in range(block + 1)]
            tracker.add(second, MORNING + second * SECOND, stays, 600, snapshot)
            del snapshot
        del normal
    gc.collect()
    assert [normal() for normal in alive] == [None] * 4
    assert len(tracker.finish()) == 4


def test_a_stay_that_is_little_of_an_event_is_not_what_is_told():
    """Two seconds at 16 bits outweigh a quarter of a minute at 9: odds add up, not seconds."""
    stays = [region(0, bits=9.0)] * 15
    runs = [region(6, bits=16.0, size=4), region(9, bits=15.0, size=4)]
    (event,) = track([[one] for one in stays + runs])
    assert (event.peak_frame_id, event.box) == (15, runs[0].box)
    assert event.reason == "A person where 3 of 41,200 normal frames showed one (16.0 bits)"


def test_who_passes_by_does_not_end_a_stay():
    """Its box is that of all regions of the frame, in whatever order they are found."""
    left, chair = region(38, size=3), region(40, bits=10.0, class_id=2)
    (event,) = track([[left, chair] if i % 5 == 1 else [chair] for i in range(30)])
    assert "stays here for 29 s" in event.reason


def test_the_class_is_that_against_which_the_odds_are_most_over_the_event():
    (event,) = track([[region(0, class_id=2)], [region(0)], [region(0)]])
    assert event.class_id == 1
    assert event.reason.startswith("A person")


def test_a_segmenter_that_flickers_does_not_decide_what_somebody_is():
    """One sample of a minute is a class that was never seen here, and departs most."""
    person, flicker = [region(4, bits=9.0)], [region(4, bits=14.0, class_id=2)]
    for stays in ([*[person] * 30, flicker, *[person] * 29], [flicker, *[person] * 59]):
        (event,) = track(stays)
        assert event.class_id == 1
        assert event.reason.startswith("A person stays here for 59 s, where 3 of 41,200")
    (event,) = track([*([one] for one in walking(9.0, 40)), flicker])
    assert (event.class_id, event.reason[:8]) == (1, "A person")


def walking(bits, samples):
    return [region(4 * i, bits=bits) for i in range(-samples, 0)]


def test_what_departs_more_than_who_brings_it_is_the_event():
    """A bag of eight seconds, told, shown and marked as one."""
    walks = [region(6 * i, bits=9.0, size=30) for i in range(6)]
    bag = region(50, bits=11.0, class_id=2, size=4)
    (event,) = track([*([one] for one in walks), *[[bag]] * 8])
    assert (event.class_id, event.box, event.area_px) == (2, bag.box, 16)
    assert event.reason.startswith("Something that is not a person where none of 41,200")


def test_only_the_highest_scores_keep_a_snapshot():
    frames = [[region(60 * i, bits=9.0 + i) for i in range(9)]] * 2
    events = track(frames, EventConfig(pictured_events=2))
    assert [event.score_bits for event in events if event.snapshot] == [16.0, 17.0]


def test_a_class_of_any_segmenter_is_named():
    (dog,) = subjects(["dog"], segmented=True)
    text = reason(dog, seen=0.2, normal_frames=500, score_bits=9.96, stay=None)
    assert text == "Something of class dog where none of 500 normal frames showed any (10.0 bits)"


def test_without_a_segmenter_nobody_claims_to_know_people():
    assert subjects(CLASS_NAMES, segmented=False)[2] == "something that moves"
    assert subjects(["background", "person"], segmented=True)[1] == "a person"


def test_settings_that_link_nothing_are_refused():
    with pytest.raises(ValueError, match="min_samples"):
        EventConfig(min_samples=0)
    with pytest.raises(ValueError, match="stay_s"):
        EventConfig(stay_s=-1.0)
