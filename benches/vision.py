"""How well droppings are judged: photographs held out, pictures of none, time and memory."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benches.support.servers import Missing
from benches.support.statistics import p95, spread
from benches.support.telling import Telling
from benches.support.together import Figures, Together, run_together, say
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
    "spoiled_refused",
)
UNITS = {**dict.fromkeys(_JUDGED, "1"), DECISION: "ms", MEMORY: "MiB", PARITY: "1"}
FIGURES = tuple(UNITS)

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT.parent / "shared" / "data" / "vision"
FULL_SIZE = "fullres_examples"


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    run_together(TOGETHER, UNITS, figures, report)


def _need_photographs() -> None:
    if not PHOTOS.is_dir():
        raise Missing(f"the photographs, which are not in {PHOTOS}")


def _judged(_folder: Path, _figures: Sequence[str]) -> Figures:
    """Return each figure as soon as it is known."""
    _need_photographs()
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


def _in_a_process(_folder: Path, _figures: Sequence[str]) -> Figures:
    """Judge full-size photographs in a process that does nothing else."""
    _need_photographs()
    say("judging photographs of full size, one at a time")
    command = (sys.executable, "-m", "benches.support.judging", str(PHOTOS / FULL_SIZE))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    say(f"a decision: {spread(told['decisions_ms'], 'ms')}")
    yield DECISION, p95(told["decisions_ms"])
    yield MEMORY, told["peak_rss_mb"]


def _parity(_folder: Path, _figures: Sequence[str]) -> Figures:
    _need_photographs()
    if find_spec("onnx") is None:
        raise Missing("the extra train: pip install 'tokkatot[train]'")
    # Here, since it needs what only the extra brings.
    from benches.support import parity  # noqa: PLC0415

    yield PARITY, parity.largest_difference(PHOTOS / FULL_SIZE)


def _untold(done: int, total: int) -> None:
    del done, total


TOGETHER: Together = {_JUDGED: _judged, (DECISION, MEMORY): _in_a_process, (PARITY,): _parity}
