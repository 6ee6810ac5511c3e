"""`tokkatot vision`: learn, judge, freeze and serve the models that look at droppings."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokkatot.cli import vision_data
from tokkatot.cli.progress import counted
from tokkatot.cli.running import check_port
from tokkatot.cli.vision_data import SplitFile
from tokkatot.cli.vision_refusals import check_writable, refusals

if TYPE_CHECKING:
    from tokkatot.vision.data.photos import PhotoSet
    from tokkatot.vision.data.splits import Split

app = typer.Typer(no_args_is_help=True)
app.add_typer(
    vision_data.app, name="data", help="Check, divide and count sets of labelled photographs."
)

_REFUSED_SHOWN = 10
Models = Annotated[Path | None, typer.Option(help="A folder of models; ours where none is named.")]
Sets = Annotated[
    list[Path], typer.Option("--data", help="Photographs by class, or with a manifest; repeatable.")
]
Config = Annotated[Path | None, typer.Option(help="How to learn; as ours where none is named.")]


@app.command()
def train(
    data: Sets,
    weights: Annotated[Path, typer.Option(help="Folder of the ImageNet weights to start from.")],
    out: Annotated[Path, typer.Option(help="Where it stands is kept; the same folder goes on.")],
    config: Config = None,
) -> None:
    """Learn an ensemble; what was stopped goes on where it was."""
    _needs_torch()
    from tokkatot.vision.data.photos import read_sets
    from tokkatot.vision.train.config import SHIPPED, read_config
    from tokkatot.vision.train.learning import Sources, learn

    with refusals():
        sources = Sources(photos=read_sets(data), weights=weights)
        settings = read_config(config or SHIPPED)
        mix = learn(settings, sources, out, tell=_tell, count=counted("read"))
    for name, temperature in zip(settings.members, mix.alone, strict=True):
        _tell(f"{name}: temperature {temperature:.2f}")


@app.command()
def export(
    run: Annotated[Path, typer.Option(help="The folder that `train` wrote.")],
    data: Sets,
    out: Annotated[Path, typer.Option(help="Where the models are written.")],
    config: Config = None,
) -> None:
    """Freeze a learned ensemble as ONNX, with its card, and prove that both agree."""
    _needs_torch()
    from tokkatot.vision.data.photos import read_sets
    from tokkatot.vision.train.config import SHIPPED, read_config
    from tokkatot.vision.train.freezing import freeze

    with refusals():
        settings = read_config(config or SHIPPED)
        frozen = freeze(settings, read_sets(data), run, out, count=counted("read"))
    print(f"{frozen.version}: the largest difference of an answer is {frozen.parity:.1e}")


@app.command()
def evaluate(
    data: Sets,
    split_file: SplitFile = None,
    models: Models = None,
    report: Annotated[Path | None, typer.Option(help="Where an HTML report is written.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a figure.")] = False,
) -> None:
    """Judge a set, or the held-out parts of a split, and print every figure."""
    from tokkatot.cli.bench import line
    from tokkatot.vision.detect.detector import Detector
    from tokkatot.vision.detect.ensemble import SHIPPED, Ensemble
    from tokkatot.vision.evaluate.figures import figures
    from tokkatot.vision.evaluate.judging import judge_set
    from tokkatot.vision.evaluate.learned import known_among, read_learned
    from tokkatot.vision.evaluate.report import report as page_of

    with refusals():
        if report is not None:
            check_writable(report)
        photos, parts = _held_out(data, split_file)
        detector = Detector(Ensemble.load(models or SHIPPED))
        learned = read_learned(models or SHIPPED)
        judgement = judge_set(detector, photos, parts, counted("read"))
    _tell_of_refused(judgement.refused, len(photos.photos))
    known = 0 if learned is None else known_among(judgement.canvases[judgement.is_read], learned)
    if known:
        _tell(
            f"{known} of {len(judgement.photos)} photographs are among those that these models "
            "learned from: of them the figures prove nothing. --split judges what it holds out."
        )
    found = dict(figures(judgement, detector))
    for name, score in found.items():
        if as_json:
            print(line("vision", name, score.value, "1"))
        else:
            print(
                f"{name:32} {score.value:.4f}  [{score.low:.4f}, {score.high:.4f}]  {score.count}"
            )
    if report is not None:
        title = f"Models {detector.version}: {', '.join(map(str, data))}"
        report.write_text(page_of(judgement, found, title=title))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="0.0.0.0 opens it to the network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    models: Models = None,
) -> None:
    """Serve the detector over HTTP."""
    import uvicorn

    from tokkatot.detector.app import DetectorApp
    from tokkatot.kit.clock import SystemClock
    from tokkatot.kit.ids import IdSource
    from tokkatot.vision.detect.detector import Detector
    from tokkatot.vision.detect.ensemble import SHIPPED, Ensemble

    with refusals():
        detector = Detector(Ensemble.load(models or SHIPPED))
        check_port(host, port, remedy="set --port")
    app = DetectorApp(detector, new_id=IdSource(SystemClock()).new)
    print(f"The detector listens on http://{host}:{port}", file=sys.stderr, flush=True)
    uvicorn.run(
        app.asgi, host=host, port=port, log_level="warning", access_log=False, server_header=False
    )


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _tell_of_refused(refused: Sequence[str], count: int) -> None:
    for one in refused[:_REFUSED_SHOWN]:
        _tell(f"refused: {one}")
    if refused:
        _tell(f"{len(refused)} of {count} files are refused as they are, and counted as such.")


def _needs_torch() -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None or find_spec("onnx") is None:
        typer.echo("Learning needs more packages: pip install 'tokkatot[train]'.", err=True)
        raise typer.Exit(2)


def _held_out(folders: Sequence[Path], split_file: Path | None) -> "tuple[PhotoSet, Split | None]":
    """Return the photographs that may be judged: all, or what a split holds out."""
    from tokkatot.vision.data.photos import DataRefused, read_sets
    from tokkatot.vision.data.splits import HELD_OUT, leaks, read_split

    photos = read_sets(folders)
    if split_file is None:
        return photos, None
    split = read_split(split_file, photos.photos, root=photos.roots.get(""))
    # What shows copies costs a look at all of them; `data check` takes it. Of no matter here is
    # what stands apart among the photographs that were learned from.
    for leak in leaks(photos.photos, (), split):
        if {split[leak.one], split[leak.other]} & HELD_OUT:
            raise DataRefused(
                f"{split_file} proves nothing: {leak.one} and {leak.other} stand apart: {leak.why}."
            )
    return photos.only(lambda photo: split[photo.name] in HELD_OUT), split
