"""``learned-normal cameras frames``: store frames to label, take their masks, delete them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.days import LOCAL_DAY
from pipelines.cli.home import HOME_OPTION, settings_of
from pipelines.next_steps import next_step
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.shell.own_frames import FrameWish


@click.command()
@click.argument("camera_id")
@click.option("--count", default=8, show_default=True, type=click.IntRange(min=1))
@click.option("--from", "first", type=LOCAL_DAY, default="", help="First day, YYYY-MM-DD.")
@click.option("--to", "last", type=LOCAL_DAY, default="", help="Last day, YYYY-MM-DD.")
@click.option("--seed", default=0, show_default=True, help="Of the frames drawn at random.")
@click.option(
    "--split",
    type=click.Choice(("train", "hash")),
    help="Learn from all of them (the default), or hold some out by their hash.",
)
@click.option(
    "--store-pictures",
    is_flag=True,
    help="Agree that frames are stored as pictures, with the people on them.",
)
@click.option(
    "--import-masks",
    "masks",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take masks (0/255, 0/1/255 or 0/128/255) named like the frames from a folder.",
)
@click.option("--remove", is_flag=True, help="Delete all stored frames of the camera.")
@HOME_OPTION
def frames(
    camera_id: str,
    count: int,
    first: str,
    last: str,
    seed: int,
    split: str | None,
    store_pictures: bool,
    masks: Path | None,
    remove: bool,
    home: Path | None,
) -> None:
    """Store frames of CAMERA_ID that are worth labelling, as a source of the dataset.

    The champion draws a first mask for each; none counts before a person has confirmed or
    corrected it, in the review or by --import-masks.
    """
    from pipelines.shell.own_frames import FrameWish

    settings = settings_of(home)
    if remove and (masks or store_pictures):
        raise click.UsageError("--remove stands alone")
    try:
        if remove:
            _remove(settings, camera_id)
        elif masks:
            _import(settings, camera_id, masks)
        else:
            wish = FrameWish(
                count=count,
                first_day=first,
                last_day=last,
                seed=seed,
                train_only=None if split is None else split == "train",
            )
            _store(settings, camera_id, wish, consent=store_pictures)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _store(settings: Settings, camera_id: str, wish: FrameWish, *, consent: bool) -> None:
    from tqdm import tqdm

    from pipelines.shell.own_frames import store_chosen_frames

    with tqdm(unit="frame", desc=f"looking through {camera_id}", dynamic_ncols=True) as bar:
        done = store_chosen_frames(
            settings,
            camera_id,
            wish,
            consent=consent,
            progress=lambda seen: bar.update(seen - bar.n),
        )
    left_out = ", ".join(f"{count} {reason}" for reason, count in done.unusable.items())
    click.echo(
        f"{len(done.stored)} of {done.looked_at} usable frames stored"
        f"{' (not usable: ' + left_out + ')' if left_out else ''}, with people on them, in"
        f" {done.root}"
    )
    drafts = "empty, for there is no champion" if done.drawn_by == "none" else "the champion's"
    click.echo(f"source {done.source}: their masks are drafts ({drafts}); none counts yet")
    correcting = next_step(settings, "review open")
    click.echo(f"next: `{next_step(settings, 'rebuild')}`, then correct them in `{correcting}`,")
    bringing = next_step(settings, f"cameras frames {camera_id} --import-masks <folder>")
    click.echo(f"  or `{bringing}`")


def _import(settings: Settings, camera_id: str, folder: Path) -> None:
    from pipelines.shell.own_frames import import_own_masks

    taken = import_own_masks(settings, camera_id, folder)
    for name, problem in taken.refused:
        click.echo(f"refused: {name}: {problem}", err=True)
    todo = next_step(settings, "rebuild")
    click.echo(f"{len(taken.imported)} masks imported; next: {todo}")
    if taken.refused:
        raise SystemExit(1)


def _remove(settings: Settings, camera_id: str) -> None:
    from pipelines.shell.own_frames import remove_own_frames

    count = remove_own_frames(settings, camera_id)
    todo = next_step(settings, "rebuild")
    click.echo(f"{count} stored frames of camera {camera_id} deleted; next: {todo}")
