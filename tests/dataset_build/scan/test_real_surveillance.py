"""The score on frames of a real camera and on real portraits, by their masks alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataset_build.config import CleaningRules
from dataset_build.scan.quality import measure_mask
from dataset_build.sources.mask_files import human_mask
from dataset_build.sources.sources import open_source, source_spec
from segmentation.mask_folders import open_folder

pytestmark = pytest.mark.real_data


def scores(masks):
    found = [measure_mask(mask, min_region_px=16).surveillance_score for mask in masks]
    return [score for score in found if score is not None]


def portraits(samples: Path):
    spec, root = source_spec("ccp"), samples / "ccp"
    files = open_source(spec, root)
    for sample in files.samples[:40]:
        data = (root / sample.mask_path).read_bytes()
        yield human_mask(data, sample.key, files.decoder, spec.labels)


def test_a_corridor_camera_passes_the_rule_and_fashion_portraits_do_not(samples: Path):
    folder = samples / "sbi2015" / "IBMtest2"
    frames = open_folder(folder / "input", folder / "groundtruth", unknown_value=170)
    camera = scores(sample.mask_hw for sample in frames.load())
    limit = CleaningRules().min_surveillance_score
    assert len(camera) > 80
    assert min(camera) > limit > max(scores(portraits(samples)))
