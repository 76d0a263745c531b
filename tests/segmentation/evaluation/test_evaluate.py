from dataclasses import replace

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from dataset_build.sources.label_maps import HUMAN, IGNORE
from segmentation.config import ModelConfig
from segmentation.evaluation.evaluate import evaluate, evaluate_folder
from segmentation.evaluation.evaluated import Evaluated, read_evaluated
from segmentation.evaluation.paired import paired_improvement
from segmentation.inference.postprocess_config import PostprocessConfig
from segmentation.inference.predict import HumanSegmenter
from segmentation.inference.views import Views
from segmentation.model_folder import weights_digest, write_model
from segmentation.models.registry import build_model
from tests.segmentation.factories_model import describe, write_untrained
from tests.segmentation.factories_split import draw, small_split

pytestmark = pytest.mark.usefixtures("coarse_pictures")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_split(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def all_human(tmp_path_factory):
    """A network that calls every pixel human."""
    folder = write_untrained(tmp_path_factory.mktemp("human"), bias=5.0)
    (folder / "model_card.md").write_text("# m\n\n## Metrics\n\nnone\n\n## Limits\n\nmany\n")
    return folder


@pytest.fixture(scope="module")
def everywhere(data, all_human, tmp_path_factory):
    """What it scores on the split: the summary, a row per scope, and the folder."""
    out = tmp_path_factory.mktemp("everywhere") / "out"
    return *judged(all_human, data, out), out


def judged(model, data, out, **options):
    out.mkdir()
    summary = evaluate(model, data, out, device="cpu", **options)
    rows = pq.read_table(out / "metrics.parquet").to_pylist()
    return summary, {row["scope"]: row for row in rows}


def test_everything_human_scores_the_human_share(data, everywhere):
    summary, rows, _ = everywhere
    masks = [data.load(number).mask_hw for number in range(4)]
    human = sum(int((mask == HUMAN).sum()) for mask in masks)
    labelled = sum(int((mask != IGNORE).sum()) for mask in masks)
    assert summary.iou == rows["all"]["iou"] == human / labelled
    assert summary.recall == 1.0
    assert (summary.empty_images, summary.empty_alarm_rate) == (1, 1.0)
    assert summary.empty_false_px_share == 1.0
    assert list(rows) == ["all", "ade20k", "voc"]
    assert rows["voc"]["images"] == 3


def test_views_are_looked_at_and_named(all_human, folder_pairs, monkeypatch):
    images, masks = folder_pairs
    seen = []

    def watch(self, frames):
        seen.append(frames.shape[1:3])
        return np.zeros(frames.shape[:3], np.float32)

    monkeypatch.setattr(HumanSegmenter, "probability", watch)
    views = Views(sides_px=(32, 48), mirrored=True)
    found = evaluate_folder(all_human, images, masks, device="cpu", views=views)
    assert seen == [(16, 32), (16, 32), (24, 48), (24, 48)]
    assert (found.views, found.iou) == ("32 px and 48 px, mirrored", 0.0)


@pytest.fixture
def folder_pairs(tmp_path):
    """One picture of 64 x 32, half of it human, in two folders."""
    folders = tmp_path / "images", tmp_path / "masks"
    for folder in folders:
        folder.mkdir()
        picture = np.zeros((32, 64), np.uint8)
        picture[:, :32] = 255
        cv2.imwrite(str(folder / "1.png"), picture)
    return folders


def test_nothing_human_alarms_nobody(data, tmp_path):
    summary, rows = judged(write_untrained(tmp_path / "m", bias=-5.0), data, tmp_path / "out")
    assert (summary.iou, summary.recall, summary.precision) == (0.0, 0.0, None)
    assert summary.empty_alarm_rate == 0.0
    assert rows["ade20k"]["empty_alarm_rate"] is None


def test_every_image_has_a_row(data, everywhere):
    *_, out = everywhere
    table = pq.read_table(out / "images.parquet")
    assert table["sample_id"].to_pylist() == list(data.sample_ids)
    empty = table.to_pylist()[data.sample_ids.index("voc/empty")]
    assert (empty["iou"], empty["wrong_share"]) == (0.0, 1.0)


@pytest.mark.usefixtures("fine_pictures")
def test_same_input_same_bytes(data, all_human, tmp_path):
    for name in ("1", "2"):
        judged(all_human, data, tmp_path / name)
    found = (path for path in (tmp_path / "1").rglob("*") if path.is_file())
    files = sorted(path.relative_to(tmp_path / "1").as_posix() for path in found)
    assert files == [
        "evaluation.json",
        "images.parquet",
        "metrics.md",
        "metrics.parquet",
        "model_card.md",
        "predictions/masks.pack",
        "predictions/masks.parquet",
        "reliability.png",
        "worst.parquet",
        "worst.png",
    ]
    for file in files:
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes()


def test_it_is_written_which_weights_were_judged_on_which_pixels(
    data, all_human, everywhere, tmp_path
):
    *_, out = everywhere
    expected = Evaluated(
        model_version=weights_digest(all_human), data_digest=data.digest, max_side_px=640
    )
    found = read_evaluated(out)
    assert replace(found, backend=expected.backend) == expected
    assert read_evaluated(tmp_path) is None


@pytest.mark.usefixtures("fine_pictures")
def test_worst_samples_are_drawn(data, all_human, tmp_path):
    summary, _ = judged(all_human, data, tmp_path / "out")
    picture = cv2.imread(str(summary.worst))
    assert picture.shape[1] >= 800


def test_images_are_judged_at_the_stated_size(data, all_human, tmp_path):
    _, rows = judged(all_human, data, tmp_path / "out", max_side_px=32)
    seen = sum(rows["all"][name] for name in ("hits", "false_alarms", "misses", "rejections"))
    assert 0 < seen <= 4 * 24 * 32


def test_progress_ends_at_the_number_of_images(data, all_human, tmp_path):
    seen = []
    judged(all_human, data, tmp_path / "out", progress=lambda *done: seen.append(done))
    assert seen[-1] == (4, 4)


def test_everything_human_is_found_and_badly_calibrated(everywhere):
    summary, rows, _ = everywhere
    assert summary.recall_large == 1.0  # figures of 29 of 48 rows
    assert (summary.recall_small, summary.empty_region_rate) == (None, 1.0)
    assert summary.ece == pytest.approx(1 / (1 + np.exp(-5.0)) - summary.iou, abs=0.001)
    assert 0 < summary.boundary_iou < 0.5  # the contour of the frame is not that of the figures
    low, high = summary.intervals["iou"]
    assert low <= summary.iou <= high
    assert rows["ade20k"]["iou_low"] is None  # a single image


def test_the_table_for_readers_has_a_row_per_source(everywhere):
    summary, _, out = everywhere
    lines = (out / "metrics.md").read_text().splitlines()
    assert [line.split(" | ")[0] for line in lines[2:5]] == ["| all", "| ade20k", "| voc"]
    assert f"{100 * summary.iou:.1f} (" in lines[2]


@pytest.fixture
def folders(tmp_path):
    """Images, masks, and what was drawn."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    drawn = [draw("a"), draw("b", people=0)]
    for d in drawn:
        cv2.imwrite(str(tmp_path / "images" / f"{d.name}.jpg"), d.image_hwc_rgb)
        mask = np.where(d.mask_hw == HUMAN, 255, np.where(d.mask_hw == IGNORE, 170, 0))
        cv2.imwrite(str(tmp_path / "masks" / f"{d.name}.png"), mask.astype(np.uint8))
    return tmp_path / "images", tmp_path / "masks", drawn


def test_a_folder_of_images_and_masks(all_human, folders):
    images, masks, drawn = folders
    summary = evaluate_folder(all_human, images, masks, device="cpu", unknown_value=170)
    human = int((drawn[0].mask_hw == HUMAN).sum())
    labelled = sum(int((d.mask_hw != IGNORE).sum()) for d in drawn)
    assert summary.images == 2
    assert summary.iou == human / labelled
    assert summary.metrics is None


def test_a_folder_can_be_kept_and_compared(all_human, folders, tmp_path):
    images, masks, _ = folders
    models = {"human": all_human, "nobody": write_untrained(tmp_path / "nobody", bias=-5.0)}
    for name, model in models.items():
        (tmp_path / name / "out").mkdir(parents=True)
        summary = evaluate_folder(
            model, images, masks, device="cpu", unknown_value=170, out=tmp_path / name / "out"
        )
        assert summary.metrics == tmp_path / name / "out" / "metrics.parquet"
    human, nobody = (read_evaluated(tmp_path / name / "out") for name in models)
    assert human.data_digest == nobody.data_digest
    assert human.model_version != nobody.model_version
    found = paired_improvement(tmp_path / "human" / "out", tmp_path / "nobody" / "out", "recall")
    assert found.difference == 1.0


def test_other_pixels_have_another_digest(all_human, folders, tmp_path):
    images, masks, _ = folders
    digests = []
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        evaluate_folder(
            all_human, images, masks, device="cpu", unknown_value=170, out=tmp_path / name
        )
        digests.append(read_evaluated(tmp_path / name).data_digest)
        mask = cv2.imread(str(masks / "a.png"), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(masks / "a.png"), 255 - mask if 170 not in mask else mask * 0)
    assert digests[0] != digests[1]


def test_steps_after_the_network_are_judged_named_and_compared(
    data, all_human, everywhere, tmp_path
):
    steps = PostprocessConfig(min_region_share=0.9)  # a frame that is human all over stays
    plain, _, plainly = everywhere
    refined, rows = judged(all_human, data, tmp_path / "refined", steps=steps)
    assert refined.steps == "min_region_share=0.9"
    same = {name: getattr(refined, name) for name in ("metrics", "worst", "steps")}
    assert refined == replace(plain, **same)
    assert read_evaluated(plainly).steps == ""
    assert read_evaluated(tmp_path / "refined").steps == "min_region_share=0.9"
    found = paired_improvement(tmp_path / "refined", plainly, "iou")
    assert (found.difference, found.interval.low, found.interval.high) == (0.0, 0.0, 0.0)
    counted = {"hits", "misses", "false_alarms", "rejections"}
    px = sum(int((data.load(n).mask_hw != IGNORE).sum()) for n in range(4))
    assert sum(rows["all"][name] for name in counted) == px  # ignored pixels count nowhere still


def write_frames(folder, count=40):
    """A room with a little noise in which a bright figure stands."""
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    mask = np.zeros((32, 48), np.uint8)
    mask[6:28, 10:20] = 255
    for number in range(count):
        image = rng.integers(40, 46, (32, 48, 3)).astype(np.uint8)
        image[mask > 0] += 150
        cv2.imwrite(str(folder / "images" / f"{number:04}.png"), image)
        cv2.imwrite(str(folder / "masks" / f"{number:04}.png"), mask)
    return folder / "images", folder / "masks"


def test_frames_of_a_sequence_are_seen_in_order_and_flips_are_counted(tmp_path):
    remembering = write_remembering(new(tmp_path / "model"))
    folders = write_frames(tmp_path / "room")
    alone = evaluate_folder(remembering, *folders, device="cpu", out=new(tmp_path / "alone"))
    found = evaluate_folder(
        remembering, *folders, device="cpu", sequence=True, out=new(tmp_path / "sequence")
    )
    assert (alone.flip_share, alone.human_flip_share) == (None, None)
    assert 0 <= found.flip_share <= 1
    assert {"flip_share", "iou"} <= found.intervals.keys()
    assert read_evaluated(tmp_path / "sequence").sequence
    assert not read_evaluated(tmp_path / "alone").sequence
    answers = [
        pq.read_table(tmp_path / name / "images.parquet")["bin_probability"].to_pylist()
        for name in ("alone", "sequence")
    ]
    assert answers[0] != answers[1]


def write_remembering(folder):
    """A network to which the frames before matter visibly."""
    model = ModelConfig(architecture="convlstm_unet", width=4)
    torch.manual_seed(0)
    network = build_model(model)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        network.expand.weight.mul_(20)
    write_model(folder, network, describe(network, model))
    return folder


def new(folder):
    folder.mkdir()
    return folder


def test_labels_that_never_change_do_not_flip(tmp_path, all_human):
    found = evaluate_folder(
        all_human, *write_frames(tmp_path / "room"), device="cpu", sequence=True
    )
    assert (found.flip_share, found.human_flip_share) == (0.0, 0.0)


def test_the_worst_and_the_card_lie_beside_the_tables(everywhere):
    *_, out = everywhere
    worst = pq.read_table(out / "worst.parquet").to_pylist()
    assert worst[0]["sample_id"] == "voc/empty"  # every pixel is wrong
    assert len(worst) == 4
    assert all(len(row["image_sha256"]) == 64 for row in worst)
    card = (out / "model_card.md").read_text()
    assert "all (n = 4) | ade20k (n = 1) | voc (n = 3)" in card
    assert card.endswith("## Limits\n\nmany\n")
