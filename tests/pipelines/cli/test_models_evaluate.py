"""``learned-normal models evaluate`` on a folder, as a person without Dagster uses it."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pipelines.cli.command import main
from pipelines.settings import save_settings
from tests.assets.factories_models import PLAIN, publish_judged
from tests.segmentation.factories_evaluation import write_judged_model


@pytest.fixture
def folders(tmp_path):
    """Three images of 40 x 32 with a bright figure, and 0/255 masks of the same stem."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for number in range(3):
        image, mask = np.zeros((32, 40, 3), np.uint8), np.zeros((32, 40), np.uint8)
        image[4:28, 8 : 14 + number] = 220
        mask[4:28, 8 : 14 + number] = 255
        cv2.imwrite(str(tmp_path / "images" / f"{number}.jpg"), image)
        cv2.imwrite(str(tmp_path / "masks" / f"{number}.png"), mask)
    return tmp_path / "images", tmp_path / "masks"


def evaluate(home, folders, *more, code=0):
    images, masks = folders
    words = ["--images", images, "--masks", masks, "--home", home, *more]
    result = CliRunner().invoke(main, ["models", "evaluate", *(str(word) for word in words)])
    assert result.exit_code == code, result.output
    return result.output


def test_a_model_is_scored_with_intervals_and_kept_where_asked(tiny, folders, tmp_path):
    publish_judged(tiny.store, tmp_path, "unet", PLAIN, seed=5.0)  # calls every pixel human
    out = tmp_path / "kept" / "unet"
    said = evaluate(tiny.settings.home, folders, "--model", "unet", "--out", out, "--json")
    found = json.loads(said.strip().splitlines()[-1])
    human = 24 * (6 + 7 + 8) / (3 * 32 * 40)
    assert found["iou"] == pytest.approx(human)
    assert found["images"] == 3
    low, high = found["intervals"]["iou"]
    assert low < found["iou"] < high
    assert (out / "images.parquet").is_file()
    assert "| IoU |" in (out / "metrics.md").read_text()


def test_a_model_folder_needs_no_store(tiny, folders, tmp_path):
    model, _ = write_judged_model(tmp_path / "elsewhere", PLAIN, seed=5.0)
    said = evaluate(tiny.settings.home, folders, "--model", model, "--json")
    assert json.loads(said)["images"] == 3  # and stdout holds nothing else
    (model / "weights.safetensors").unlink()
    assert "weights.safetensors" in evaluate(tiny.settings.home, folders, "--model", model, code=1)


def test_what_cannot_be_judged_ends_in_one_clear_line(tiny, folders, tmp_path):
    home = tiny.settings.home
    assert "champion_model first: learned-normal train" in evaluate(home, folders, code=1)
    assert "no architecture 'unett'" in evaluate(home, folders, "--model", "unett", code=1)
    said = evaluate(home, folders, "--model", "stdc1", code=1)
    assert "learned-normal train --architecture stdc1" in said
    publish_judged(tiny.store, tmp_path, "unet", PLAIN, seed=5.0)
    (folders[0] / "1.jpg").write_bytes(b"half")
    said = evaluate(home, folders, "--model", "unet", code=1)
    assert "1.jpg: image_undecodable" in said
    assert "Traceback" not in said
    cv2.imwrite(str(folders[0] / "1.jpg"), np.zeros((16, 20, 3), np.uint8))
    said = evaluate(home, folders, "--model", "unet", code=1)
    assert "1.jpg has 20 x 16 pixels, its mask 1.png 40 x 32" in said


def test_steps_after_the_network_come_from_the_command_or_the_settings(tiny, folders, tmp_path):
    publish_judged(tiny.store, tmp_path, "unet", PLAIN, seed=5.0)
    home = tiny.settings.home

    def steps(*more):
        said = evaluate(home, folders, "--model", "unet", "--json", *more)
        return json.loads(said.strip().splitlines()[-1])["steps"]

    assert steps() == ""
    asked = ("--postprocess", "median_px=3", "--postprocess", "opening_px=5")
    assert steps(*asked) == "median_px=3,opening_px=5"
    save_settings(replace(tiny.settings, inference={"postprocess": {"closing_px": 3}}))
    assert steps() == "closing_px=3"
    assert steps("--postprocess", "none") == ""
    wrong = evaluate(home, folders, "--model", "unet", "--postprocess", "median_px=4", code=1)
    assert "median_px = 4; expected 0 or an odd 3 to 31" in wrong


def test_images_are_looked_at_in_the_sizes_that_are_asked_for(tiny, folders, tmp_path):
    publish_judged(tiny.store, tmp_path, "unet", PLAIN, seed=5.0)
    home = tiny.settings.home

    def judged(*more):
        said = evaluate(home, folders, "--model", "unet", "--json", *more)
        return json.loads(said.strip().splitlines()[-1])

    once = judged()
    often = judged("--side", "32", "--side", "40", "--mirrored")
    assert (once["views"], often["views"]) == ("", "32 px and 40 px, mirrored")
    assert often["iou"] == once["iou"]  # the network answers the same everywhere
    refused = evaluate(home, folders, "--model", "unet", "--side", "641", code=2)
    assert "641 is not in the range 32<=x<=640" in refused
    refused = evaluate(home, folders, "--model", "unet", "--mirrored", code=2)
    assert "--mirrored needs --side" in refused
    refused = evaluate(home, folders, "--model", "unet", "--side", "32", "--sequence", code=1)
    assert "views (32 px) of a sequence" in refused


def test_a_sequence_is_judged_for_flicker_too(tiny, folders, tmp_path):
    publish_judged(tiny.store, tmp_path, "unet", PLAIN, seed=5.0)
    home = tiny.settings.home
    said = evaluate(home, folders, "--model", "unet", "--sequence", "--json")
    found = json.loads(said.strip().splitlines()[-1])
    assert (found["flip_share"], found["human_flip_share"]) == (0.0, 0.0)
    assert "flip_share" not in found["intervals"]  # three frames are one observation
    cv2.imwrite(str(folders[0] / "2.jpg"), np.zeros((16, 40, 3), np.uint8))
    cv2.imwrite(str(folders[1] / "2.png"), np.full((16, 40), 255, np.uint8))
    said = evaluate(home, folders, "--model", "unet", "--sequence", code=1)
    assert "frames of (32, 40) and (16, 40) are no sequence of one camera" in said
