"""How well droppings are judged: photographs held out, pictures of none, time and memory."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from benches.support.statistics import p95, spread
from benches.support.telling import Telling
from tokkatot.cli.bench import Report
from tokkatot.vision.data.checking import scan
from tokkatot.vision.data.photos import PhotoSet, read_photos
from tokkatot.vision.data.splits import HELD_OUT, Split, divide
from tokkatot.vision.detect.detector import Detector
from tokkatot.vision.detect.ensemble import Ensemble
from tokkatot.vision.evaluate.figures import figures as figures_of
from tokkatot.vision.evaluate.judging import judge_set
from tokkatot.vision.train.config import SHIPPED, read_config

DECISION, MEMORY, PARITY = "decision_p95_ms", "models_process_rss_mb", "onnx_parity"
_JUDGED = (
    "accuracy",
    "macro_f1",
    "pcr_accuracy",
    "unseen_scene_accuracy",
    "newcastle_recall",
    "ece",
    "ece_pcr",
    "alert_precision",
    "sick_alert_rate",
    "healthy_alert_rate",
    "non_dropping_refused",
    "untaught_non_dropping_refused",
    "good_refused",
    "centre_masked_alert_rate",
)
UNITS = {**dict.fromkeys(_JUDGED, "1"), DECISION: "ms", MEMORY: "MiB", PARITY: "1"}
FIGURES = tuple(UNITS)

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT.parent / "shared" / "data" / "vision"
FULL_SIZE = "fullres_examples"


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for."""
    if not PHOTOS.is_dir():
        sys.exit(f"The photographs are not in {PHOTOS}.")
    if set(figures) & set(_JUDGED):
        for name, value in _judged():
            if name in figures:
                report(name, value, UNITS[name])
    if {DECISION, MEMORY} & set(figures):
        for name, value in _in_a_process():
            if name in figures:
                report(name, value, UNITS[name])
    if PARITY in figures:
        if find_spec("onnx") is None:
            say(f"{PARITY} is left out: pip install 'tokkatot[train]'")
        else:
            # Here, since it needs what only the extra brings.
            from benches.support import parity  # noqa: PLC0415

            report(PARITY, parity.largest_difference(PHOTOS / FULL_SIZE), UNITS[PARITY])


def _judged() -> Iterator[tuple[str, float]]:
    """Return each figure as soon as it is known."""
    say("dividing the photographs as for the learning")
    photos, split = _held_out(read_photos(PHOTOS))
    say(f"judging {len(photos.photos)} that were held out")
    detector = Telling(Detector(Ensemble.load()), say)
    judgement = judge_set(detector, photos, split, _untold)
    for name, score in figures_of(judgement, detector):
        yield name, score.value


def _held_out(photos: PhotoSet) -> tuple[PhotoSet, Split]:
    scanned = scan(photos, _untold)
    config = read_config(SHIPPED).split
    split = divide(scanned.photos, scanned.copies(), config.shares, seed=config.seed)
    return photos.only(lambda photo: split[photo.name] in HELD_OUT), split


def _in_a_process() -> list[tuple[str, float]]:
    """Judge full-size photographs in a process that does nothing else."""
    say("judging photographs of full size, one at a time")
    command = (sys.executable, "-m", "benches.support.judging", str(PHOTOS / FULL_SIZE))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    say(f"a decision: {spread(told['decisions_ms'], 'ms')}")
    return [(DECISION, p95(told["decisions_ms"])), (MEMORY, told["peak_rss_mb"])]


def _untold(done: int, total: int) -> None:
    del done, total


def say(text: str) -> None:
    """Tell a person what goes on; standard output is for figures alone."""
    print(text, file=sys.stderr, flush=True)
