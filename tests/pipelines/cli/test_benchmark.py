"""``learned-normal benchmark`` end to end on tiny drawn benchmarks."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pipelines.cli.command import main

SIZE_HW = (64, 96)
METRICS = {
    "frame_auc_micro", "frame_auc_macro", "pixel_auc", "rbdc", "tbdc", "false_alarms_per_hour",
}  # fmt: skip


def draw_clip(folder, frames: int, *, seed: int, masks=None, fast_from: int = 10**6) -> None:
    """Textured squares walk to the right at 1.5 pixels a frame; from a frame on, one at 6."""
    rng = np.random.default_rng(seed)
    ground = cv2.GaussianBlur(rng.integers(60, 160, SIZE_HW).astype(np.float32), (5, 5), 0)
    ground = 110 + (np.random.default_rng(0).integers(-20, 20, SIZE_HW))
    body = rng.integers(0, 255, (14, 8))
    folder.mkdir(parents=True)
    if masks:
        masks.mkdir(parents=True)
    starts = rng.uniform(-40, 90, 3)
    for number in range(frames):
        image = ground + rng.normal(0, 1.5, SIZE_HW)
        mask = np.zeros(SIZE_HW, np.uint8)
        for lane, start in enumerate(starts):
            paste(image, body, (start + 1.5 * number) % 130 - 20, 4 + 18 * lane)
        if number >= fast_from:
            paste(image, body, 6.0 * (number - fast_from) - 4, 46, mask)
        frame = np.clip(image, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number + 1:03d}.tif"), frame)
        if masks:
            cv2.imwrite(str(masks / f"{number + 1:03d}.bmp"), mask)


def paste(image, body, left: float, top: int, mask=None) -> None:
    x = round(left)
    x0, x1 = max(0, x), min(image.shape[1], x + body.shape[1])
    if x0 < x1:
        image[top : top + body.shape[0], x0:x1] = body[:, x0 - x : x1 - x]
        if mask is not None:
            mask[top : top + body.shape[0], x0:x1] = 255


@pytest.fixture(scope="module")
def walkway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("UCSDped2")
    for number in range(1, 5):
        draw_clip(folder / "Train" / f"Train{number:03d}", 32, seed=number)
    for number in range(1, 3):
        name = f"Test{number:03d}"
        draw_clip(
            folder / "Test" / name,
            32,
            seed=10 + number,
            masks=folder / "Test" / f"{name}_gt",
            fast_from=16,
        )
    return folder


@pytest.fixture(scope="module")
def outputs(walkway, tmp_path_factory):
    """Two runs of the same command."""
    folders = [tmp_path_factory.mktemp("out") for _ in range(2)]
    for folder in folders:
        done = CliRunner().invoke(
            main, ["benchmark", "ped2", str(walkway), "--output", str(folder)]
        )
        assert done.exit_code == 0, done.output
    return done.output, folders


def test_both_methods_get_every_metric(outputs):
    output, (folder, _) = outputs
    document = json.loads((folder / "metrics.json").read_text())
    for method in ("ours", "delta_map"):
        assert document[method].keys() >= METRICS
        assert all(0 <= document[method][name] <= 1 for name in METRICS - {"false_alarms_per_hour"})
    assert document["ours"]["frame_auc_micro"] > 0.9
    assert document["ours"]["tbdc"] > 0.95
    assert "movers alone: no segmenter was given" in output
    assert document["test_frames"] == 64


def test_scores_of_every_frame_are_kept(outputs):
    _, (folder, _) = outputs
    table = pq.read_table(folder / "scores.parquet").to_pandas()
    assert len(table) == 64
    assert set(table["clip"]) == {"Test001", "Test002"}
    assert {"abnormal", "ours", "delta_map", "speed", "tone"} <= set(table.columns)


def test_the_same_footage_gives_the_same_bytes(outputs):
    _, (one, other) = outputs
    names = sorted(path.name for path in one.iterdir())
    assert names == ["detection.png", "metrics.json", "roc.png", "scores.parquet", "timeline.png"]
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_moving_pixels_are_scored_beside_opencv(tmp_path):
    video = tmp_path / "sbi" / "Corridor"
    draw_clip(tmp_path / "drawn", 45, seed=3, masks=tmp_path / "masks", fast_from=20)
    for kind, folder, prefix in (("input", "drawn", "in"), ("groundtruth", "masks", "gt")):
        (video / kind).mkdir(parents=True)
        for file in sorted((tmp_path / folder).iterdir()):
            file.rename(video / kind / f"{prefix}{int(file.stem):06d}{file.suffix}")
    draw_clip(tmp_path / "sbi" / "Board" / "input", 2, seed=4)
    out = tmp_path / "out"
    done = CliRunner().invoke(
        main, ["benchmark", "sbi", str(tmp_path / "sbi"), "--output", str(out)]
    )
    assert done.exit_code == 0, done.output
    document = json.loads((out / "metrics.json").read_text())
    assert document["ours"]["frame_auc_micro"] is None
    assert "what moves" in document["ours"]["reasons"]["frame_auc_micro"]
    figures = {"Re", "Sp", "FPR", "FNR", "PWC", "F", "Pr"}
    assert all(
        document[method]["change_detection"].keys() == figures
        for method in ("ours", "delta_map", "mog2", "knn")
    )
    assert document["ours"]["sequences"].keys() == {"Corridor"}
    assert document["left_out"] == {"Board": "no folder groundtruth beside its frames"}
    assert "left out: Board: no folder groundtruth" in done.output


def test_a_wrong_folder_ends_with_what_was_expected(tmp_path):
    done = CliRunner().invoke(
        main, ["benchmark", "avenue", str(tmp_path), "--output", str(tmp_path / "out")]
    )
    assert done.exit_code == 1
    assert "expected training_videos, testing_videos; found nothing" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("budget", ["0", "-1", "nan", "inf"])
def test_a_budget_that_no_threshold_has_is_refused_at_the_option(tmp_path, budget):
    asked = ["benchmark", "ped2", str(tmp_path), "--output", str(tmp_path), "--budget", budget]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 2
    assert f"'--budget': {budget} false alarms an hour; it must be positive, finite" in done.output


@pytest.mark.parametrize(
    ("place", "told"), [(".", "is a file"), ("x", "cannot be made"), ("x/y", "cannot be made")]
)
def test_an_output_that_cannot_be_a_folder_is_told(walkway, tmp_path, place, told):
    file = tmp_path / "afile"
    file.write_text("")
    asked = ["benchmark", "ped2", str(walkway), "--output", str(file / place)]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 2
    assert "Invalid value for '--output'" in done.output
    assert told in " ".join(done.output.split())


def test_test_clips_of_another_size_are_told_before_anything_is_learned(tmp_path):
    draw_clip(tmp_path / "Train" / "Train001", 3, seed=1)
    clip = tmp_path / "Test" / "Test001"
    draw_clip(clip, 3, seed=2, masks=tmp_path / "Test" / "Test001_gt")
    for file in (*clip.iterdir(), *(tmp_path / "Test" / "Test001_gt").iterdir()):
        cv2.imwrite(str(file), cv2.imread(str(file))[:48])
    asked = ["benchmark", "ped2", str(tmp_path), "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 1
    assert "Error: test clip Test001: 96 x 48 pixels; training clip Train001" in done.output
    assert "learning" not in done.output


def test_masks_of_another_size_are_told_before_any_sequence_is_counted(tmp_path):
    for name, height in (("A", 64), ("B", 48)):
        home = tmp_path / name
        draw_clip(home / "input", 2, seed=1, masks=home / "groundtruth")
        for file in (home / "groundtruth").iterdir():
            cv2.imwrite(str(file), np.zeros((height, 96), np.uint8))
    asked = ["benchmark", "sbi", str(tmp_path), "--output", str(tmp_path / "out")]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 1
    assert "001.bmp: 96 x 48 pixels; its frame has 96 x 64" in done.output
    assert "A:" not in done.output
