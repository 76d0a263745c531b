"""Each published layout becomes clips with truth; a wrong folder is told what was expected."""

from __future__ import annotations

import numpy as np
import pytest

from camera_analysis.benchmark.layouts.clip_files import LayoutError
from camera_analysis.benchmark.layouts.clips import judged_frames
from camera_analysis.benchmark.layouts.registry import LAYOUTS, layout_name, load_benchmark
from camera_analysis.labelling.regions import Box
from tests.camera_analysis.benchmark.layouts.factories_layouts import (
    SIZE_HW,
    abnormal_from,
    square,
    write_clip,
    write_frames,
    write_label_cells,
    write_masks,
)


def truths(clip):
    return [truth for _, truth in judged_frames(clip)]


@pytest.mark.parametrize("suffix", [".tif", ".bmp", ".png", ".jpg"])
def test_ucsd_in_any_image_format(tmp_path, suffix):
    root = tmp_path / "UCSDped2"
    write_frames(root / "Train" / "Train001", 4, suffix)
    write_frames(root / "Test" / "Test001", 6, suffix)
    write_masks(root / "Test" / "Test001_gt", abnormal_from(6, 2))
    (root / "Test" / "Test001" / "._001.tif").write_bytes(b"\0")  # what macOS leaves behind
    benchmark = load_benchmark("Ped2", tmp_path)
    assert [clip.length for clip in (*benchmark.train, *benchmark.test)] == [4, 6]
    found = truths(benchmark.test[0])
    assert [truth.abnormal for truth in found] == [False, False, True, True, True, True]
    assert found[3].regions[0].box == Box(5, 10, 11, 16)
    assert {region.track for truth in found for region in truth.regions} == {0}
    assert not benchmark.absent


def test_ucsd_takes_frames_from_the_script_where_there_are_no_masks(tmp_path):
    write_frames(tmp_path / "Train" / "Train001", 2)
    for name in ("Test001", "Test002"):
        write_frames(tmp_path / "Test" / name, 5)
    (tmp_path / "Test" / "UCSDped1.m").write_text(
        "TestVideoFile = {};\n% gt_frame = [9:9];\n"
        "TestVideoFile{end+1}.gt_frame = [2:3];\nTestVideoFile{end+1}.gt_frame = [1, 5:5];\n"
    )
    benchmark = load_benchmark("ucsd_ped1", tmp_path)
    flags = [[truth.abnormal for truth in truths(clip)] for clip in benchmark.test]
    assert flags == [[False, True, True, False, False], [True, False, False, False, True]]
    assert set(benchmark.absent) == {"pixel_auc", "rbdc", "tbdc"}


def test_ucsd_script_is_read_by_the_number_of_the_clip(tmp_path):
    write_frames(tmp_path / "Train" / "Train001", 2)
    for name in ("Test002", "Test003"):
        write_frames(tmp_path / "Test" / name, 3)
    script = tmp_path / "Test" / "UCSDped1.m"
    script.write_text("gt_frame = [1:1];\ngt_frame = [2:2];\ngt_frame = [3:3];\n")
    benchmark = load_benchmark("ped1", tmp_path)
    flags = [[truth.abnormal for truth in truths(clip)] for clip in benchmark.test]
    assert flags == [[False, True, False], [False, False, True]]
    script.write_text("gt_frame = [1:1];\ngt_frame = [2:2];\n")
    with pytest.raises(LayoutError, match=r"Test003: no truth.* clip 3 in a \.m .* clips 1 to 2"):
        load_benchmark("ped1", tmp_path)


def test_ucsd_boxes_beside_the_clips_replace_the_masks_regions(tmp_path):
    write_frames(tmp_path / "Train" / "Train001", 2)
    write_frames(tmp_path / "Test" / "Test001", 3)
    write_masks(tmp_path / "Test" / "Test001_gt", abnormal_from(3, 1))
    (tmp_path / "Test" / "Test001_gt.txt").write_text("002.tif 7 20 10 8 8\n")
    benchmark = load_benchmark("ped2", tmp_path)
    found = truths(benchmark.test[0])
    assert benchmark.regions_from == "boxes"
    assert [[(r.track, r.box) for r in truth.regions] for truth in found] == [
        [],
        [(7, Box(16, 6, 24, 14))],
        [],
    ]


def test_ucsd_refuses_a_clip_without_truth_and_a_truth_of_another_length(tmp_path):
    write_frames(tmp_path / "Train" / "Train001", 2)
    write_frames(tmp_path / "Test" / "Test001", 3)
    with pytest.raises(LayoutError, match="Test001: no truth; expected masks in Test001_gt/"):
        load_benchmark("ped2", tmp_path)
    write_masks(tmp_path / "Test" / "Test001_gt", abnormal_from(2, 1))
    with pytest.raises(LayoutError, match="2 masks for 3 frames"):
        load_benchmark("ped2", tmp_path)


@pytest.mark.parametrize("compressed", [True, False])
def test_avenue(tmp_path, compressed):
    write_clip(tmp_path / "training_videos" / "01.avi", 6)
    write_clip(tmp_path / "testing_videos" / "01.avi", 8)
    label = tmp_path / "ground_truth_demo" / "testing_label_mask" / "1_label.mat"
    write_label_cells(label, abnormal_from(8, 5), compressed=compressed)
    benchmark = load_benchmark("avenue", tmp_path)
    found = truths(benchmark.test[0])
    assert [truth.abnormal for truth in found] == [False] * 5 + [True] * 3
    assert np.array_equal(found[6].mask_hw, square(8))


def test_avenue_without_masks_says_where_they_belong(tmp_path):
    write_clip(tmp_path / "training_videos" / "01.avi", 3)
    write_clip(tmp_path / "testing_videos" / "01.avi", 3)
    with pytest.raises(LayoutError, match=r"expected masks N_label\.mat in one of"):
        load_benchmark("avenue", tmp_path)
    label = tmp_path / "testing_label_mask" / "1_label.mat"
    write_label_cells(label, abnormal_from(3, 1))
    whole = label.read_bytes()
    for kept in (200, len(whole) - 10):
        label.write_bytes(whole[:kept])
        with pytest.raises(LayoutError, match=r"1_label\.mat: (no cell array|the file ends early)"):
            load_benchmark("avenue", tmp_path)
    label.write_bytes(whole[:-40] + bytes(40))
    clip = load_benchmark("avenue", tmp_path).test[0]
    with pytest.raises(LayoutError, match=r"1_label\.mat"):
        truths(clip)


def test_avenue_in_images_is_counted_against_its_masks(tmp_path):
    write_frames(tmp_path / "training_videos" / "01", 3)
    write_frames(tmp_path / "testing_videos" / "01", 9)
    write_label_cells(tmp_path / "testing_label_mask" / "1_label.mat", abnormal_from(6, 1))
    with pytest.raises(LayoutError, match="01: 9 frames, but truth of 6"):
        load_benchmark("avenue", tmp_path)


def test_shanghaitech_has_a_normal_for_each_of_its_cameras(tmp_path):
    for name in ("01_001", "02_001"):
        write_clip(tmp_path / "training" / "videos" / f"{name}.avi", 4)
    for name in ("01_0014", "02_0128"):
        write_frames(tmp_path / "testing" / "frames" / name, 5, ".jpg", first=0)
        masks = np.array(abnormal_from(5, 3), np.uint8)
        for folder, array in (("frame", masks.any(axis=(1, 2))), ("pixel", masks)):
            target = tmp_path / "testing" / f"test_{folder}_mask" / f"{name}.npy"
            target.parent.mkdir(parents=True, exist_ok=True)
            np.save(target, array)
    benchmark = load_benchmark("ShanghaiTech", tmp_path)
    assert benchmark.cameras == ("01", "02")
    assert [truth.abnormal for truth in truths(benchmark.test[1])] == [False] * 3 + [True] * 2
    (tmp_path / "training" / "videos" / "02_001.avi").unlink()
    with pytest.raises(LayoutError, match="test clips of 02, but no training clip"):
        load_benchmark("shanghaitech", tmp_path)


@pytest.mark.parametrize(
    ("frames", "pixels", "told"),
    [
        (np.zeros(5), np.zeros((4, 2, 2)), r"pixel_mask.01_1\.npy: 4 masks, but 5 frames in"),
        (np.zeros(9), np.zeros((9, 2, 2)), "01_1: 5 frames, but truth of 9"),
        (np.zeros(0), np.zeros((0, 2, 2)), "01_1"),
        (np.array([{}] * 5), np.zeros((5, 2, 2)), r"frame_mask.01_1\.npy: not a plain \.npy"),
        (np.zeros(5), np.zeros((5, 4)), r"shape \(5, 4\); expected 3 dimensions"),
    ],
)
def test_shanghaitech_truth_is_looked_at_when_the_folder_is(tmp_path, frames, pixels, told):
    write_clip(tmp_path / "training" / "videos" / "01_0.avi", 3)
    write_frames(tmp_path / "testing" / "frames" / "01_1", 5)
    for folder, array in (("frame", frames), ("pixel", pixels)):
        target = tmp_path / "testing" / f"test_{folder}_mask" / "01_1.npy"
        target.parent.mkdir()
        np.save(target, array, allow_pickle=True)
    with pytest.raises(LayoutError, match=told):
        load_benchmark("shanghaitech", tmp_path)


def test_street_scene_boxes_have_a_centre(tmp_path):
    write_frames(tmp_path / "Train" / "Train001", 2, ".jpg")
    write_frames(tmp_path / "Test" / "Test001", 3, ".jpg")
    file = tmp_path / "Test" / "Test001" / "Test001_gt.txt"
    file.write_text("002.jpg 1 20 10 8 8\n002.jpg 2 5 5 4 4\n003.jpg 1 21 10 8 8\n")
    benchmark = load_benchmark("street-scene", tmp_path)
    found = truths(benchmark.test[0])
    assert [len(truth.regions) for truth in found] == [0, 2, 1]
    assert found[2].regions[0].box == Box(17, 6, 25, 14)
    file.write_text("002.jpg 1 20 10\n")
    with pytest.raises(LayoutError, match=r"line 1 is .002\.jpg 1 20 10.; expected"):
        truths(load_benchmark("street_scene", tmp_path).test[0])


def test_street_scene_boxes_of_no_frame_do_not_pass_for_normal_time(tmp_path, caplog):
    write_frames(tmp_path / "Train" / "Train001", 2, ".jpg")
    write_frames(tmp_path / "Test" / "Test001", 3, ".jpg")
    file = tmp_path / "Test" / "Test001" / "Test001_gt.txt"
    file.write_text("2 1 20 10 8 8\n3 1 21 10 8 8\n")  # the images are 001.jpg to 003.jpg
    with pytest.raises(LayoutError, match=r"'2' to '3', and none of them.* '001' to '003'"):
        truths(load_benchmark("street_scene", tmp_path).test[0])
    file.write_text("003.jpg 1 20 10 8 8\n004.jpg 1 21 10 8 8\n")
    found = truths(load_benchmark("street_scene", tmp_path).test[0])
    assert [truth.abnormal for truth in found] == [False, False, True]
    assert "1 frames of the truth are not there, first '004'" in caplog.text


def test_upcam_events_and_labels(tmp_path):
    write_clip(tmp_path / "train" / "05" / "05-19.mp4", 10)
    write_clip(tmp_path / "eval.mp4", 10)
    (tmp_path / "eval.labels.csv").write_text("\n".join("0001111000"))
    (tmp_path / "eval.events.md").write_text(
        "- 000001 - 000003: **(N)** Working.\n- 000004 - 000005: **(A)** Lying.\n"
        "- 000006 - 000007: **(A)** Up.\n- 000011 - 000012: **(A)** Later.\n"
    )
    benchmark = load_benchmark("upcam", tmp_path)
    assert benchmark.test[0].events == ((3, 4), (5, 6))
    assert sum(truth.abnormal for truth in truths(benchmark.test[0])) == 4
    (tmp_path / "eval.labels.csv").write_text("\n".join("0001"))
    with pytest.raises(LayoutError, match="truth ends after 4 frames"):
        truths(load_benchmark("upcam", tmp_path).test[0])


@pytest.mark.parametrize(
    "labels", ["label\n0\n1\n", "0\n2\n1\n", "frame,label\n0,0\n", "0,1\n1,1", "\n"]
)
def test_upcam_labels_that_are_none_are_told_with_their_file(tmp_path, labels):
    write_clip(tmp_path / "train" / "05" / "05-19.mp4", 3)
    write_clip(tmp_path / "eval.mp4", 3)
    (tmp_path / "eval.labels.csv").write_text(labels)
    with pytest.raises(LayoutError, match=r"eval\.labels\.csv: expected one 0 or 1 a line"):
        load_benchmark("upcam", tmp_path)


def test_cdnet_is_judged_within_its_temporal_region(tmp_path):
    video = tmp_path / "baseline" / "highway"
    (video / "input").mkdir(parents=True)
    (video / "groundtruth").mkdir()
    write_frames(tmp_path / "in", 6, ".jpg")
    write_masks(tmp_path / "gt", abnormal_from(6, 0), ".png")
    for number in range(1, 7):
        (tmp_path / "in" / f"{number:03d}.jpg").rename(video / "input" / f"in{number:06d}.jpg")
        (tmp_path / "gt" / f"{number:03d}.png").rename(
            video / "groundtruth" / f"gt{number:06d}.png"
        )
    (video / "temporalROI.txt").write_text("3 5")
    sequence = load_benchmark("cdnet", tmp_path).sequences[0]
    assert (sequence.category, sequence.name) == ("baseline", "highway")
    assert [codes is not None for _, codes in sequence.read()] == [False, False, *[True] * 3, False]


def test_sbi_is_judged_everywhere(tmp_path):
    write_frames(tmp_path / "Board" / "input", 3, first=0)
    write_masks(tmp_path / "Board" / "groundtruth", abnormal_from(3, 0))
    for number in (1, 2, 3):  # masks are numbered as the frames are, from 0
        file = tmp_path / "Board" / "groundtruth" / f"{number:03d}.bmp"
        file.rename(file.with_name(f"gt{number - 1:06d}.bmp"))
    sequence = load_benchmark("SBI2015", tmp_path).sequences[0]
    assert [codes.shape for _, codes in sequence.read()] == [SIZE_HW] * 3


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_another_folder_is_refused_with_what_was_expected_and_found(name, tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(LayoutError, match=r"expected .*(found|none)"):
        load_benchmark(name, tmp_path)
    with pytest.raises(LayoutError, match="no such folder"):
        load_benchmark(name, tmp_path / "absent")


def test_layouts_answer_to_their_usual_spellings():
    assert layout_name("UCSD-Ped2") == layout_name("ped2") == "ucsd_ped2"
    assert layout_name("CUHK Avenue") == "avenue"
    with pytest.raises(LayoutError, match="expected one of ucsd_ped1"):
        layout_name("kinetics")


def test_the_real_upcam_and_sequences_are_read(samples):
    if not (samples / "upcam").is_dir():
        pytest.skip("no upCam footage")
    upcam = load_benchmark("upcam", samples / "upcam")
    assert len(upcam.train) == 16
    assert len(upcam.test[0].events) == 14
    assert load_benchmark("cdnet", samples / "cdnet2014").sequences[0].first == 469
    assert len(load_benchmark("sbi", samples / "sbi2015").sequences) == 4
