"""`tokkatot vision data`: check, divide and count sets of labelled photographs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokkatot.cli.progress import counted
from tokkatot.cli.vision_refusals import check_writable, refusals

if TYPE_CHECKING:
    from tokkatot.vision.data.photos import PhotoSet
    from tokkatot.vision.data.splits import Split

app = typer.Typer(no_args_is_help=True)

_SEED = 20261121

Folders = Annotated[
    list[Path], typer.Argument(help="A folder for each class, or one with manifest.csv.")
]
SplitFile = Annotated[Path | None, typer.Option("--split", help="A file that `split` wrote.")]
ShareOption = Annotated[float, typer.Option(min=0.0, max=0.5)]


@app.command()
def check(folders: Folders, split_file: SplitFile = None) -> None:
    """Look for broken files, copies, labels that contradict each other, and leaks of a split."""
    from tokkatot.vision.data.checking import WARNINGS, scan
    from tokkatot.vision.data.checking import check as check_all
    from tokkatot.vision.data.photos import read_sets

    with refusals():
        photos = read_sets(folders)
        split = _split(split_file, photos)
        found = list(check_all(scan(photos, counted("read")), split))
    for one in found:
        print(f"{one.trouble.value}: {one.text}")
    broken = [one for one in found if one.trouble not in WARNINGS]
    print(
        f"{len(photos.photos)} photographs, {len(broken)} errors, {len(found) - len(broken)} notes"
    )
    if broken:
        sys.exit(1)


@app.command()
def split(
    folders: Folders,
    out: Annotated[Path, typer.Option(help="Where the parts are written.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same split.")] = _SEED,
    validation: ShareOption = 0.1,
    test: ShareOption = 0.1,
    unseen: ShareOption = 0.08,
) -> None:
    """Divide a set by groups and scenes; no copy stands on two sides."""
    from tokkatot.vision.data.checking import WARNINGS, scan
    from tokkatot.vision.data.checking import check as check_all
    from tokkatot.vision.data.photos import DataRefused, read_sets
    from tokkatot.vision.data.splits import Shares, divide, write_split

    if validation + test + unseen >= 1:
        raise typer.BadParameter("the shares leave nothing to learn from")
    with refusals():
        check_writable(out)
        scanned = scan(read_sets(folders), counted("read"))
        for one in check_all(scanned):
            if one.trouble not in WARNINGS:
                raise DataRefused(f"{one.text}; `check` tells of all that is wrong.")
        shares = Shares(validation=validation, test=test, unseen=unseen)
        write_split(divide(scanned.photos, scanned.copies(), shares, seed=seed), out)
    stats(folders, out)


@app.command()
def stats(folders: Folders, split_file: SplitFile = None) -> None:
    """Count classes, sources of labels, groups, scenes and parts."""
    from tokkatot.vision.data.photos import read_sets
    from tokkatot.vision.data.stats import stats as rows_of

    with refusals():
        photos = read_sets(folders)
        rows = list(rows_of(photos.photos, _split(split_file, photos)))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join((row[0].ljust(widths[0]), *cells)))


def _split(path: Path | None, photos: "PhotoSet") -> "Split | None":
    from tokkatot.vision.data.splits import read_split

    return None if path is None else read_split(path, photos.photos, root=photos.roots.get(""))
