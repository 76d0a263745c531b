from collections import Counter

import numpy as np
import pytest

from segmentation.training.sampling import BalancedSampler, SampleCache
from tests.segmentation.factories_split import draw, small_split, write_split


def draws(data, count=4000, **options):
    sampler = BalancedSampler(data, **{"negative_share": 0.25, "source_power": 0.5, **options})
    rng = np.random.default_rng(0)
    return Counter(data.sample_ids[sampler.draw(rng)] for _ in range(count))


def test_negatives_come_at_the_stated_share(tmp_path):
    found = draws(small_split(tmp_path))
    assert found["voc/empty"] / 4000 == pytest.approx(0.25, abs=0.03)


def test_sources_are_drawn_by_the_root_of_their_size(tmp_path):
    drawn = [draw(f"v{i}") for i in range(9)] + [draw("one", source="ade20k")]
    found = draws(write_split(tmp_path, drawn))
    assert found["ade20k/one"] / 4000 == pytest.approx(1 / 4, abs=0.03)


def test_without_negatives_all_have_people(tmp_path):
    assert set(draws(write_split(tmp_path, [draw("a")]))) == {"voc/a"}


def test_backgrounds_are_empty_where_there_are_any(tmp_path):
    data = small_split(tmp_path)
    sampler = BalancedSampler(data, negative_share=0.2, source_power=0.5)
    rng = np.random.default_rng(0)
    assert not any(data.has_people(sampler.draw_background(rng)) for _ in range(20))
    assert all(data.has_people(sampler.draw_with_people(rng)) for _ in range(20))


def test_without_people_nothing_can_be_learned(tmp_path):
    data = write_split(tmp_path, [draw("a", people=0)])
    with pytest.raises(ValueError, match="none of the 1 samples"):
        BalancedSampler(data, negative_share=0.2, source_power=0.5)


def test_cache_stays_within_its_bound_and_remembers(tmp_path):
    data = small_split(tmp_path)
    one = 48 * 64 * 4
    cache = SampleCache(data, max_side_px=640, max_bytes=2 * one)
    first = cache.load(0)
    assert cache.load(0) is first
    for number in range(4):
        cache.load(number)
        assert cache.bytes_kept <= 2 * one
    assert cache.load(0) is not first


def test_cache_of_nothing_still_loads(tmp_path):
    cache = SampleCache(small_split(tmp_path), max_side_px=32, max_bytes=0)
    assert cache.load(1).mask_hw.shape == (24, 32)
    assert cache.bytes_kept == 0
