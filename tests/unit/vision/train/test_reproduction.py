"""The shipped models against the recorded photographs: judged again, and learned again."""

from pathlib import Path

import pytest

from tests.support.cards import figures_in
from tokkatot.vision.data.checking import scan
from tokkatot.vision.data.photos import PhotoSet, read_photos
from tokkatot.vision.data.splits import HELD_OUT, divide
from tokkatot.vision.detect.detector import Detector
from tokkatot.vision.detect.ensemble import SHIPPED, Ensemble
from tokkatot.vision.evaluate.figures import figures
from tokkatot.vision.evaluate.judging import judge_set
from tokkatot.vision.train.config import SHIPPED as CONFIG
from tokkatot.vision.train.config import read_config

pytestmark = [pytest.mark.proof, pytest.mark.shared_data]

CARD = "CARD.md"
AT_LEAST = ("accuracy", "macro_f1", "pcr_accuracy", "unseen_scene_accuracy", "sick_alert_rate")
AT_MOST = ("healthy_alert_rate", "good_refused", "centre_masked_alert_rate")


def untold(done: int, total: int) -> None:
    assert 0 < done <= total


@pytest.fixture
def photos(shared_data: Path) -> PhotoSet:
    return read_photos(shared_data / "vision")


@pytest.mark.timeout(1800)
def test_the_held_out_photographs_are_judged_as_the_card_says(photos: PhotoSet) -> None:
    told = figures_in(SHIPPED / CARD)
    scanned = scan(photos, untold)
    config = read_config(CONFIG).split
    split = divide(scanned.photos, scanned.copies(), config.shares, seed=config.seed)
    held_out = photos.only(lambda photo: split[photo.name] in HELD_OUT)
    detector = Detector(Ensemble.load())

    found = dict(figures(judge_set(detector, held_out, split, untold), detector))

    assert {name: score.count for name, score in found.items()} == {
        name: score.count for name, score in told.items()
    }
    assert {name: score.value for name, score in found.items()} == pytest.approx(
        {name: score.value for name, score in told.items()}, abs=2e-3
    )


@pytest.mark.training
@pytest.mark.timeout(4 * 3600)  # forty minutes on two free cores
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
