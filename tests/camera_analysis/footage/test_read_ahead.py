"""Reading ahead keeps the order, is bounded, passes errors on, and ends with its reader."""

from __future__ import annotations

import threading

import pytest

from camera_analysis.footage.read_ahead import read_ahead


def running():
    return [thread for thread in threading.enumerate() if thread.name == "read_ahead"]


def test_items_keep_their_order_and_the_thread_ends():
    assert list(read_ahead(lambda: range(500), 3)) == list(range(500))
    assert list(read_ahead(lambda: [], 1)) == []
    assert running() == []


def test_no_more_than_the_bound_is_read_before_it_is_asked_for():
    full, read = threading.Event(), []

    def numbers():
        for number in range(100):
            read.append(number)
            if number == 4:
                full.set()  # one taken, three wait, one is held by the thread
            yield number

    items = read_ahead(numbers, 3)
    assert next(items) == 0
    assert full.wait(10)
    assert read == [0, 1, 2, 3, 4]
    items.close()
    assert running() == []
    assert len(read) <= 6


def test_what_the_reading_raises_is_raised_after_the_items_before_it():
    def numbers():
        yield 1
        raise OSError("disk gone")

    items = read_ahead(numbers, 2)
    assert next(items) == 1
    with pytest.raises(OSError, match="disk gone"):
        next(items)
    assert running() == []


def test_a_bound_of_nothing_is_refused():
    with pytest.raises(ValueError, match="most is 0"):
        list(read_ahead(lambda: [1], 0))
