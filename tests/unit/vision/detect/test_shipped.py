"""The models that are shipped, as they are."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.cards import figures_in, known_answers_in
from tokkatot.domain.droppings import PHOTOS_PER_MONTH, false_alarms
from tokkatot.vision.data.impostors import TAUGHT, UNTAUGHT, impostors
from tokkatot.vision.detect.detector import Detector
from tokkatot.vision.detect.ensemble import SHIPPED, Ensemble
from tokkatot.vision.detect.verdict import Verdict
from tokkatot.vision.evaluate.shortcuts import SPOILINGS
from tokkatot.vision.findings import FINDINGS
from tokkatot.vision.preprocess.canvas import SIDE
from tokkatot.vision.preprocess.decoding import read_shot

MOST_BYTES = 40_000_000
CARD = SHIPPED / "CARD.md"
EXPLANATION = Path(__file__).parents[4] / "docs" / "explanation" / "vision.md"
KNOWN_SEED = 77_003


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return Ensemble.load()


@pytest.fixture(scope="module")
def detector(ensemble: Ensemble) -> Detector:
    return Detector(ensemble)


def probabilities(verdict: Verdict) -> list[float]:
    return [verdict.judged.probabilities[finding] for finding in FINDINGS]


def test_they_are_the_described_ones_and_not_too_large(ensemble: Ensemble) -> None:
    sizes = [(SHIPPED / model.file).stat().st_size for model in ensemble.description.models]

    assert len(sizes) > 1
    assert sum(sizes) <= MOST_BYTES


def test_their_card_is_of_this_version_and_says_what_it_must(ensemble: Ensemble) -> None:
    card = CARD.read_text()

    assert ensemble.description.version in card
    assert [
        words
        for words in ("no diagnosis", "CC BY 4.0", "Apache-2.0", "`pcr_accuracy`", "95 % between")
        if words not in card
    ] == []


def test_they_answer_as_their_card_says(detector: Detector) -> None:
    told = known_answers_in(CARD)
    drawn = impostors(len(told), seed=KNOWN_SEED, kinds={**TAUGHT, **UNTAUGHT})

    verdicts = detector.judge_canvases(list(drawn))

    assert len(told) == len(TAUGHT) + len(UNTAUGHT)
    assert np.allclose(
        [[verdict.judged.doubt, *probabilities(verdict)] for verdict in verdicts], told, atol=1e-3
    )


def test_every_figure_of_their_card_lies_within_its_bounds() -> None:
    figures = figures_in(CARD)

    assert {"accuracy", "macro_f1", "pcr_accuracy", "unseen_scene_accuracy"} <= set(figures)
    assert [
        name for name, score in figures.items() if not score.low <= score.value <= score.high
    ] == []


def test_the_documents_compute_false_alarms_of_a_flock_from_the_measured_rate() -> None:
    rate = figures_in(CARD)["healthy_alert_rate"]
    row = rf"^\| {rate.value} \| ([\d.]+) \| ([\d.]+): .*, measured on {rate.count} held-out"

    [told] = re.findall(row, EXPLANATION.read_text(), re.MULTILINE)

    computed = (PHOTOS_PER_MONTH * rate.value, false_alarms(rate.value))
    assert tuple(map(float, told)) == pytest.approx(computed, rel=0.02)


def test_a_picture_is_judged_alike_alone_and_among_others(detector: Detector) -> None:
    pictures = list(impostors(5, seed=1, kinds=UNTAUGHT))

    together = detector.judge_canvases(pictures)
    alone = [detector.judge_canvases([picture])[0] for picture in pictures]

    assert np.allclose(
        [probabilities(verdict) for verdict in together],
        [probabilities(verdict) for verdict in alone],
        atol=1e-5,
    )


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no other C library keeps memory")
def test_what_only_the_loading_needed_is_given_back_to_the_system() -> None:
    program = (
        "import ctypes; from tokkatot.vision.detect.ensemble import Ensemble\n"
        "pages = lambda: int(open('/proc/self/statm').read().split()[1])\n"
        "ensemble = Ensemble.load(); loaded = pages()\n"
        "ctypes.CDLL(None).malloc_trim(0); print((loaded - pages()) * 4096)"
    )

    # In a child, whose memory is its own.
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, check=True)

    assert int(done.stdout) < 4_000_000


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_picture_raises_no_alarm(detector: Detector, level: int) -> None:
    (verdict,) = detector.judge_canvases([np.full((SIDE, SIDE, 3), level, np.uint8)])

    assert (verdict.finding, verdict.alert) == (None, False)


@pytest.mark.shared_data
def test_a_photograph_that_a_camera_has_spoiled_is_refused(
    detector: Detector, shared_data: Path
) -> None:
    paths = sorted((shared_data / "vision" / "fullres_examples").glob("*.jpg"))
    canvases = np.stack([read_shot(path.read_bytes()).pixels for path in paths])

    verdicts = {
        name: detector.judge_canvases(list(spoil(canvases))) for name, spoil in SPOILINGS.items()
    }

    told = [
        (name, path.name)
        for name, some in verdicts.items()
        for path, verdict in zip(paths, some, strict=True)
        if verdict.finding is not None
    ]
    assert told == []


@pytest.mark.shared_data
def test_photographs_of_full_size_are_judged_as_their_small_twins(
    detector: Detector, shared_data: Path
) -> None:
    # The decoder's way to the canvas is not the one by which the twins were made.
    folder = shared_data / "vision"
    pairs = [
        (path, folder / (path.stem.replace("_", "/") + ".jpg"))
        for path in sorted((folder / "fullres_examples").glob("*.jpg"))
    ]
    large, small = (
        detector.judge_canvases([read_shot(pair[side].read_bytes()).pixels for pair in pairs])
        for side in (0, 1)
    )

    assert len(pairs) == 8
    differences = np.abs(
        np.array([probabilities(verdict) for verdict in large])
        - np.array([probabilities(verdict) for verdict in small])
    )
    assert float(differences.max(axis=1).mean()) < 0.1
