"""``learned-normal cameras calibrate-lens``: a lens from a chessboard, from edges, or as given."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.home import HOME_OPTION, settings_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from camera_analysis.camera import Camera
    from camera_analysis.lenses.lens import Lens
    from camera_analysis.lenses.lens_calibration import Calibration
    from pipelines.pages.regions_of_interest import Background

KINDS = click.Choice(("fisheye", "rectilinear"))
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


@click.command("calibrate-lens")
@click.argument("camera_id")
@click.option("--kind", type=KINDS, default="fisheye", show_default=True)
@click.option(
    "--chessboard",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of pictures of a chessboard, taken by the camera at its full size.",
)
@click.option("--pattern", default="9x6", show_default=True, help="Inner corners of the board.")
@click.option(
    "--lines",
    "lines_csv",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the columns line, x, y: pixels of one frame along straight edges.",
)
@click.option("--click", "in_browser", is_flag=True, help="Click the edges in the browser.")
@click.option("--focal", "focal_px", type=float, help="Focal length in pixels, with --lines.")
@click.option("--matrix", help="A known matrix: fx,fy,cx,cy in pixels of the full frame.")
@click.option("--distortion", default="", help="With --matrix: k1,k2,k3,k4 or k1,k2,p1,p2[,k3].")
@click.option("--max-error", "max_error_px", default=1.0, show_default=True, help="In pixels.")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="PNG to write.")
@click.option("--dry-run", is_flag=True, help="Only say; leave camera.yaml as it is.")
@HOME_OPTION
def calibrate_lens(
    camera_id: str,
    kind: str,
    chessboard: Path | None,
    pattern: str,
    lines_csv: Path | None,
    in_browser: bool,
    focal_px: float | None,
    matrix: str | None,
    distortion: str,
    max_error_px: float,
    picture: Path | None,
    dry_run: bool,
    home: Path | None,
) -> None:
    """Calibrate a camera's lens and write it into camera.yaml, or say the number against it.

    From one of: pictures of a chessboard, straight edges of one frame, a known matrix. --picture
    shows the background as filmed and rectified, with the regions. --click shows the background
    unblurred, on this machine alone; it is stored nowhere.
    """
    from tempfile import TemporaryDirectory

    from camera_analysis.camera_edit import set_camera_keys
    from camera_analysis.lenses.lens import lens_document
    from pipelines.footage import camera_folder_of, load_own_camera
    from pipelines.pages.regions_of_interest import background_of

    _require_one_way(chessboard, lines_csv, matrix, in_browser or None)
    if in_browser and (picture or dry_run):
        raise click.UsageError("--click saves on its page; --picture and --dry-run are of no use")
    settings = settings_of(home)
    try:
        place = camera_folder_of(settings, camera_id)
        camera = load_own_camera(place)
        if in_browser:
            _click(place, camera, kind, focal_px, max_error_px)
            return
        with TemporaryDirectory() as scratch:
            background = background_of(settings, camera, Path(scratch))
        size_wh = background.native_wh
        if matrix is not None:
            lens = _given(kind, matrix, distortion, size_wh)
            click.echo(_in_words(lens))
            _warn_of_centre(lens, size_wh)
        else:
            found = (
                _from_boards(kind, chessboard, pattern, max_error_px, size_wh)
                if chessboard
                else _from_lines(kind, lines_csv, size_wh, focal_px, max_error_px)
            )
            for line in _lines_of(found):
                click.echo(line)
            lens = found.lens
        _show(camera, lens, background, picture)
        if not dry_run:
            set_camera_keys(place, {"lens": lens_document(lens)})
            click.echo(f"written to {place / 'camera.yaml'}")
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _require_one_way(*ways: object) -> None:
    if sum(given is not None for given in ways) != 1:
        raise click.UsageError("give one of --chessboard, --lines, --click and --matrix")


def _click(
    place: Path, camera: Camera, kind: str, focal_px: float | None, max_error_px: float
) -> None:
    from camera_analysis.lenses.lens_calibration import CalibrationLimits
    from pipelines.pages.line_page import LinePage
    from pipelines.pages.regions_of_interest import clear_background_of

    page = LinePage(
        place,
        clear_background_of(camera),
        kind,  # type: ignore[arg-type]
        focal_px=focal_px,
        limits=CalibrationLimits(max_error_px=max_error_px),
    )
    click.echo(f"click edges of {camera.id}: {page.url}")
    page.show()


def _from_boards(
    kind: str, folder: Path, pattern: str, max_error_px: float, frame_wh: tuple[int, int]
) -> Calibration:
    import cv2

    from camera_analysis.lenses.lens import same_shape
    from camera_analysis.lenses.lens_calibration import CalibrationLimits, calibrate_chessboard

    across, _, down = pattern.partition("x")
    if not (across.isdigit() and down.isdigit()):
        raise ValueError(f"--pattern {pattern}: expected inner corners such as 9x6")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    pictures = {path.name: cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths}
    unreadable = [name for name, grey in pictures.items() if grey is None]
    if unreadable:
        raise ValueError(f"{folder}: {unreadable[0]} is no picture that can be read")
    for name, grey in pictures.items():
        size_wh = (grey.shape[1], grey.shape[0])
        if not same_shape(size_wh, frame_wh):
            raise ValueError(
                f"{name} is {size_wh[0]}x{size_wh[1]}, the camera's footage "
                f"{frame_wh[0]}x{frame_wh[1]}: another shape; take the pictures in its video mode"
            )
    return calibrate_chessboard(
        pictures,
        (int(across), int(down)),
        kind,  # type: ignore[arg-type]
        CalibrationLimits(max_error_px=max_error_px),
    )


def _from_lines(
    kind: str,
    path: Path | None,
    size_wh: tuple[int, int],
    focal_px: float | None,
    max_error_px: float,
) -> Calibration:
    from camera_analysis.lenses.lens_calibration import CalibrationLimits
    from camera_analysis.lenses.lens_lines import calibrate_lines

    return calibrate_lines(
        read_lines(path) if path else [],
        size_wh,
        kind,  # type: ignore[arg-type]
        focal_px=focal_px,
        limits=CalibrationLimits(max_error_px=max_error_px),
    )


def read_lines(path: Path) -> list[npt.NDArray[np.float64]]:
    """Points by line of a CSV file with the columns line, x, y.

    Raises:
        ValueError: a column is missing or a value is no number; names the line of the file.
    """
    import numpy as np

    points: dict[str, list[tuple[float, float]]] = {}
    with path.open(encoding="utf-8", newline="") as text:
        rows = csv.DictReader(text)
        missing = {"line", "x", "y"} - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"{path.name}: no column {sorted(missing)}; expected line,x,y")
        for row in rows:
            try:
                points.setdefault(row["line"], []).append((float(row["x"]), float(row["y"])))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {rows.line_num}: {error}") from error
    return [np.array(line) for line in points.values()]


def _given(kind: str, matrix: str, distortion: str, size_wh: tuple[int, int]) -> Lens:
    from camera_analysis.lenses.lens import Lens

    numbers = _numbers(matrix, "--matrix")
    if len(numbers) != 4:
        raise ValueError(f"--matrix {matrix}: expected fx,fy,cx,cy")
    fx, fy, cx, cy = numbers
    terms = _numbers(distortion, "--distortion") or ((0.0,) * 4 if kind == "fisheye" else ())
    return Lens(
        kind=kind,  # type: ignore[arg-type]
        matrix=((fx, 0.0, cx), (0.0, fy, cy), (0.0, 0.0, 1.0)),
        distortion=terms,
        size_wh=size_wh,
    )


def _numbers(text: str, option: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"{option} {text}: {error}") from error


def _warn_of_centre(lens: Lens, size_wh: tuple[int, int]) -> None:
    (_, _, cx), (_, _, cy), _ = lens.matrix or ((0.0,) * 3,) * 3
    width, height = size_wh
    if not (0 <= cx <= width - 1 and 0 <= cy <= height - 1):
        click.echo(
            f"warning: the optical centre {cx:g}, {cy:g} lies outside of the {width}x{height} "
            "frame, as it does in a crop alone; is the matrix in pixels of this footage?",
            err=True,
        )


def _in_words(lens: Lens) -> str:
    (fx, _, cx), (_, fy, cy), _ = lens.matrix or ((0.0,) * 3,) * 3
    terms = ", ".join(f"{term:.5f}" for term in lens.distortion)
    places = f"fx {fx:.1f}, fy {fy:.1f}, cx {cx:.1f}, cy {cy:.1f}"
    return f"{lens.kind}: {places}; {terms or 'no distortion'}"


def _lines_of(found: Calibration) -> list[str]:
    return [
        _in_words(found.lens),
        f"error {found.error_px:.2f} px (root mean square) of {found.points} points in "
        f"{found.views} views or lines",
        *(f"left out: {name}: {why}" for name, why in found.left_out.items()),
    ]


def _show(camera: Camera, lens: Lens, background: Background, path: Path | None) -> None:
    """Warn of regions that the lens moves, and draw what it does where a picture is wanted."""
    from camera_analysis.occupancy.occupancy_pictures import save_regions
    from camera_analysis.occupancy.roi_masks import Grid, roi_masks
    from pipelines.pages.regions_of_interest import moved_regions

    if warning := moved_regions(camera, lens):
        click.echo(warning, err=True)
    if path is None:
        return
    rows, columns = background.rgb.shape[:2]
    grid = Grid(native_wh=background.native_wh, label_wh=(columns, rows))
    save_regions(background.rgb, roi_masks(camera.rois, lens, grid), lens, grid, camera.id, path)
    click.echo(f"picture: {path}")
