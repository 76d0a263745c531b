import math

import pytest
import torch

from dataset_build.sources.label_maps import IGNORE
from segmentation.training.detail_loss import detail_loss, detail_target

SIGNS = {".": 0, "#": 1, "?": IGNORE}


def masks_of(*pictures):
    """Pictures of . not human, # human, ? ignored."""
    return torch.tensor(
        [[[SIGNS[sign] for sign in row] for row in picture.split()] for picture in pictures],
        dtype=torch.uint8,
    )


def drawn(flags):
    """Rows of one image of bools, as signs."""
    return ["".join("#" if flag else "." for flag in row) for row in flags[0].tolist()]


def test_an_outline_is_the_human_side_of_an_edge():
    """Stride 1 finds the ring; stride 2 looks at even places, and its edges fill 2 x 2 pixels."""
    outline, known = detail_target(
        masks_of(
            """
            ........
            ........
            ..####..
            ..####..
            ..####..
            ..####..
            ........
            ........
            """
        )
    )
    assert drawn(outline) == [
        "........",
        "........",
        "..####..",
        "..####..",
        "..##.#..",  # seen from (4, 4), where stride 2 looks, all nine are human
        "..####..",
        "........",
        "........",
    ]
    assert known.all()


def test_nobody_has_no_outline():
    outline, known = detail_target(masks_of("........\n" * 8))
    assert not outline.any()
    assert known.all()


def test_an_edge_that_only_the_coarsest_scale_sees_is_no_outline():
    """Stride 4 marks 4 x 4 blocks along the border of a full mask; its tenth is not above 0.1."""
    mask = torch.ones(1, 16, 16, dtype=torch.uint8)
    outline, _ = detail_target(mask)
    border = torch.zeros(16, 16, dtype=torch.bool)
    border[0], border[-1], border[:, 0], border[:, -1] = True, True, True, True
    border[1, :] = border[:, 1] = True  # stride 2 sees the border from row and column 0
    assert torch.equal(outline[0], border)


def test_ignored_pixels_make_no_outline():
    """Nobody but a hole in the labels: the authors' code sees an edge of height 255 here."""
    outline, known = detail_target(
        masks_of(
            """
            ........
            ........
            ........
            ...??...
            ...??...
            ........
            ........
            ........
            """
        )
    )
    assert not outline.any()
    assert drawn(known) == [
        "########",
        "########",
        "##....##",
        "##....##",
        "##....##",
        "##....##",
        "########",
        "########",
    ]


def test_human_next_to_ignored_is_no_edge():
    """Columns 0-7 human, 8-11 ignored; only the border of the image remains an edge."""
    row = "#" * 8 + "?" * 4 + "." * 4
    outline, known = detail_target(masks_of("\n".join([row] * 16)))
    assert not outline[0, 2:-2, 2:].any()
    assert not known[0, :, 7:13].any()
    assert known[0, :, :7].all()


def test_loss_is_cross_entropy_and_dice_over_known_pixels():
    """One person of one pixel: it is its own outline; p = 0.8 there, 0.25 elsewhere."""
    mask = masks_of(
        """
        .....
        .....
        .....
        ...#.
        .....
        """
    )
    outline, _ = detail_target(mask)
    assert outline.nonzero().tolist() == [[0, 3, 3]]
    p = torch.where(outline, 0.8, 0.25)[:, None]
    bce = -(math.log(0.8) + 24 * math.log(0.75)) / 25
    dice = 1 - (2 * 0.8 + 1) / (0.8 + 24 * 0.25 + 1 + 1)
    assert float(detail_loss(torch.logit(p), mask)) == pytest.approx(bce + dice, abs=1e-5)


def test_images_count_equally_in_dice():
    """The first is found, in the second everything is: Dice is the mean of both images'."""
    masks = masks_of(".....\n" * 3 + "...#.\n.....", ".....\n" * 5)
    sure = torch.full((2, 1, 5, 5), -100.0)
    sure[0, 0, 3, 3] = 100.0
    assert float(detail_loss(sure, masks)) == pytest.approx(0.0, abs=1e-6)
    sure[1] = 100.0
    dice = 1 - 1 / 26
    assert float(detail_loss(sure, masks)) == pytest.approx((0 + dice) / 2 + 100 / 2, rel=1e-5)


def test_small_logits_are_enlarged():
    mask = masks_of("....\n" * 4)
    small, large = torch.full((1, 1, 1, 1), -1.0), torch.full((1, 1, 4, 4), -1.0)
    assert float(detail_loss(small, mask)) == pytest.approx(float(detail_loss(large, mask)))


def test_nothing_but_the_prediction_is_learned():
    """The authors fuse the scales by weights that never get a gradient; here they are numbers."""
    logits = torch.zeros(1, 1, 5, 5, requires_grad=True)
    detail_loss(logits, masks_of(".....\n" * 3 + "...#.\n.....")).backward()
    assert logits.grad[0, 0, 3, 3] < 0 < logits.grad[0, 0, 0, 0]
