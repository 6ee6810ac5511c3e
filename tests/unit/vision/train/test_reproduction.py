"""The shipped models against the recorded photographs: judged again, and learned again."""

from pathlib import Path

import pytest

from tests.support.cards import figures_in
from tokkatot.vision.data.canvases import read_canvases
from tokkatot.vision.data.checking import scan
from tokkatot.vision.data.photos import PhotoSet, read_photos
from tokkatot.vision.data.splits import HELD_OUT, Part, divide
from tokkatot.vision.detect.detector import Detector
from tokkatot.vision.detect.ensemble import SHIPPED, Ensemble
from tokkatot.vision.evaluate.figures import figures
from tokkatot.vision.evaluate.judging import judge_set
from tokkatot.vision.evaluate.learned import FILE, write_learned
from tokkatot.vision.train.config import SHIPPED as CONFIG
from tokkatot.vision.train.config import read_config

pytestmark = [pytest.mark.proof, pytest.mark.shared_data]

CARD = "CARD.md"
AT_LEAST = (
    "accuracy",
    "macro_f1",
    "pcr_accuracy",
    "unseen_scene_accuracy",
    "newcastle_recall",
    "alert_precision",
    "sick_alert_rate",
    "non_dropping_refused",
    "untaught_non_dropping_refused",
    "spoiled_refused",
)
AT_MOST = ("healthy_alert_rate", "good_refused", "centre_masked_alert_rate", "ece", "ece_pcr")
IN_OTHERS = ("healthy_recall", "coccidiosis_recall", "salmonella_recall")
"""What accuracy and `macro_f1` are made of."""


def untold(done: int, total: int) -> None:
    assert 0 < done <= total


@pytest.fixture
def photos(shared_data: Path) -> PhotoSet:
    return read_photos(shared_data / "vision")


@pytest.mark.timeout(1800)
def test_the_held_out_photographs_are_judged_as_the_card_says(
    photos: PhotoSet, tmp_path: Path
) -> None:
    told = figures_in(SHIPPED / CARD)
    scanned = scan(photos, untold)
    config = read_config(CONFIG).split
    split = divide(scanned.photos, scanned.copies(), config.shares, seed=config.seed)
    held_out = photos.only(lambda photo: split[photo.name] in HELD_OUT)
    learned = photos.only(lambda photo: split[photo.name] is Part.TRAIN)
    write_learned(read_canvases(learned, untold), tmp_path)
    assert (tmp_path / FILE).read_bytes() == (SHIPPED / FILE).read_bytes()
    detector = Detector(Ensemble.load())

    found = dict(figures(judge_set(detector, held_out, split, untold), detector))

    assert set(told) == set(found)
    assert {name: found[name].count for name in told} == {
        name: score.count for name, score in told.items()
    }
    assert {name: found[name].value for name in told} == pytest.approx(
        {name: score.value for name, score in told.items()}, abs=2e-3
    )


def test_every_figure_of_the_card_is_held_by_what_is_learned_anew() -> None:
    held = {*AT_LEAST, *AT_MOST, *IN_OTHERS}
    assert held == set(figures_in(SHIPPED / CARD))


@pytest.mark.training
@pytest.mark.timeout(4 * 3600)  # a quarter of an hour on two free cores
def test_what_is_learned_anew_is_as_good_as_what_is_shipped(
    photos: PhotoSet, shared_data: Path, tmp_path: Path
) -> None:
    from tokkatot.vision.train.freezing import freeze  # noqa: PLC0415
    from tokkatot.vision.train.learning import Sources, learn  # noqa: PLC0415

    told = figures_in(SHIPPED / CARD)
    config = read_config(CONFIG)
    run, out = tmp_path / "run", tmp_path / "models"

    sources = Sources(photos=photos, weights=shared_data / "weights")
    learn(config, sources, run, tell=print, count=untold)
    freeze(config, photos, run, out, count=untold)

    anew = figures_in(out / CARD)
    assert [name for name in AT_LEAST if anew[name].value < told[name].low] == []
    assert [name for name in AT_MOST if anew[name].value > told[name].high] == []
