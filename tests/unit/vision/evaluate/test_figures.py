"""Figures and report of a set whose verdicts are known."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from typing_extensions import override

from tests.support.pictures import drawn
from tests.support.vision import DOUBT_ABOVE, FakeDetector, judged, quality
from tokkatot.vision.data.photos import Photo
from tokkatot.vision.data.splits import Part
from tokkatot.vision.detect.verdict import Verdict, decide
from tokkatot.vision.evaluate.figures import figures
from tokkatot.vision.evaluate.judging import UNREAD, Judgement
from tokkatot.vision.evaluate.report import report
from tokkatot.vision.evaluate.scores import Score, share
from tokkatot.vision.evaluate.shortcuts import SPOILINGS, spoiled
from tokkatot.vision.findings import FINDINGS, Finding
from tokkatot.vision.preprocess.canvas import Pixels, on_canvas
from tokkatot.vision.preprocess.quality import Fault

Case = tuple[Finding, Finding, float, float, str, Part]
"""Truth, what is told, how sure, doubt, source, part."""

CASES: tuple[Case, ...] = (
    (Finding.HEALTHY, Finding.HEALTHY, 0.9, 0.0, "farm", Part.TEST),
    (Finding.HEALTHY, Finding.SALMONELLA, 0.85, 0.0, "farm", Part.UNSEEN),
    (Finding.HEALTHY, Finding.HEALTHY, 0.6, 0.9, "pcr", Part.TEST),
    (Finding.COCCIDIOSIS, Finding.COCCIDIOSIS, 0.95, 0.0, "farm", Part.UNSEEN),
    (Finding.SALMONELLA, Finding.SALMONELLA, 0.7, 0.0, "pcr", Part.TEST),
    (Finding.SALMONELLA, Finding.SALMONELLA, 0.99, 0.9, "farm", Part.TEST),
    (Finding.NEWCASTLE, Finding.NEWCASTLE, 0.9, 0.0, "pcr", Part.UNSEEN),
    (Finding.NEWCASTLE, Finding.HEALTHY, 0.5, 0.0, "farm", Part.TEST),
)


def verdict_of(case: Case) -> Verdict:
    _, told, confidence, doubt, _, _ = case
    return decide(judged(told, confidence, doubt=doubt), quality(), doubt_above=DOUBT_ABOVE)


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    return Judgement(
        photos=tuple(
            Photo(name=f"{number}<b>.jpg", label=case[0].value, source=case[4])
            for number, case in enumerate(CASES)
        ),
        parts=tuple(case[5] for case in CASES),
        canvases=np.stack([on_canvas(drawn(seed)) for seed in range(len(CASES))]),
        labels=np.array([FINDINGS.index(case[0]) for case in CASES]),
        verdicts=tuple(map(verdict_of, CASES)),
    )


@pytest.fixture(scope="module")
def scores(judgement: Judgement) -> dict[str, Score]:
    return dict(figures(judgement, FakeDetector()))


@pytest.fixture(scope="module")
def page(judgement: Judgement, scores: dict[str, Score]) -> str:
    return report(judgement, scores, title="<models>")


def test_each_figure_is_what_counting_by_hand_gives(scores: dict[str, Score]) -> None:
    found = {name: score.value for name, score in scores.items()}

    assert {name: found[name] for name in found if "refused" not in name} == pytest.approx(
        {
            "accuracy": 6 / 8,
            "macro_f1": (4 / 6 + 1 + 4 / 5 + 2 / 3) / 4,
            "pcr_accuracy": 1,
            "unseen_scene_accuracy": 2 / 3,
            "healthy_recall": 2 / 3,
            "coccidiosis_recall": 1,
            "salmonella_recall": 1,
            # At a sixth both are found, and nothing else is as likely.
            "newcastle_recall": 1,
            "ece": (0.2 + 0.85 + 0.4 + 0.06 + 0.3 + 0.5) / 8,
            "ece_pcr": (0.4 + 0.3 + 0.1) / 3,
            # Told with 0.8 and without doubt: coccidiosis, Newcastle, and one healthy bird.
            "alert_precision": 2 / 3,
            "sick_alert_rate": 2 / 5,
            "healthy_alert_rate": 1 / 3,
            "centre_masked_alert_rate": 1,
        }
    )
    assert found["good_refused"] == 2 / 8


def test_a_file_that_was_refused_is_told_wrong_warns_of_nothing_and_is_refused(
    judgement: Judgement, scores: dict[str, Score]
) -> None:
    healthy, newcastle = 0, 6
    verdicts = list(judgement.verdicts)
    verdicts[healthy] = verdicts[newcastle] = UNREAD
    unread = replace(judgement, verdicts=tuple(verdicts))

    found = dict(figures(unread, FakeDetector()))

    assert found["accuracy"].value == scores["accuracy"].value - 2 / 8
    assert found["healthy_recall"].value == scores["healthy_recall"].value - 1 / 3
    assert found["macro_f1"].value == pytest.approx((2 / 5 + 1 + 4 / 5 + 0) / 4)
    assert found["sick_alert_rate"].value == 1 / 5
    assert found["good_refused"].value == 4 / 8
    assert found["centre_masked_alert_rate"].count == 4
    assert report(unread, found, title="").count(" taken for ") == 2


def test_the_three_masks_of_a_photograph_are_no_three_photographs(
    scores: dict[str, Score],
) -> None:
    assert scores["centre_masked_alert_rate"] == share(np.ones(5, bool))


def test_photographs_that_were_read_are_judged_once_more_as_a_camera_may_spoil_them(
    judgement: Judgement,
) -> None:
    verdicts = list(judgement.verdicts)
    verdicts[3] = UNREAD
    unread = replace(judgement, verdicts=tuple(verdicts))
    faulty = quality(Fault.DARK)
    seen: list[np.ndarray] = []

    class Strict(FakeDetector):
        @override
        def judge_canvases(self, canvases: Sequence[Pixels]) -> list[Verdict]:
            seen[:] = canvases
            sees_dark = [one.mean() < 30 for one in canvases]
            says = judged(Finding.SALMONELLA, 0.91)
            return [
                decide(says, faulty if dark else quality(), doubt_above=DOUBT_ABOVE)
                for dark in sees_dark
            ]

    found = dict(figures(unread, Strict()))

    assert np.array_equal(seen, spoiled(judgement.canvases[unread.is_read]))
    assert found["spoiled_refused"] == share(np.arange(7) == list(SPOILINGS).index("dark"))


def test_what_a_set_does_not_say_has_no_figure(judgement: Judgement) -> None:
    healthy = judgement.chosen(judgement.labels == 0)
    plain = replace(
        healthy,
        photos=tuple(replace(photo, source=None) for photo in healthy.photos),
        parts=(None,) * len(healthy.photos),
    )

    names = dict(figures(plain, FakeDetector()))

    assert not {"pcr_accuracy", "unseen_scene_accuracy", "newcastle_recall"} & set(names)
    assert not any(math.isnan(score.value) for score in names.values())


def test_the_report_needs_nothing_beside_it_and_shows_the_errors(page: str) -> None:
    assert page.count("<figcaption>covered: ") == 3
    assert page.count("<figcaption>spoiled: ") == len(SPOILINGS)
    assert page.count(" taken for ") == 2
    assert "healthy taken for salmonella, 0.85: 1&lt;b&gt;.jpg" in page
    assert "<title>&lt;models&gt;</title>" in page
    assert 'src="http' not in page
    assert "no diagnosis" in page


@pytest.mark.parametrize(
    "row",
    [
        ("accuracy", "0.7500"),  # of all
        ("salmonella", "0", "0", "2", "0"),  # by class
        ("pcr", "3", "1.0000"),  # by source
        ("unseen", "3", "0.6667"),  # by part
        ("centre_masked_alert_rate", "1.0000"),  # shortcuts
        ("spoiled_refused", "0.0000"),
    ],
    ids=lambda row: row[0],
)
def test_the_report_has_every_table(page: str, row: tuple[str, ...]) -> None:
    assert "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) in page


@pytest.mark.parametrize("chart", ["accuracy by confidence", "errors by coverage"])
def test_the_report_draws_calibration_and_risk(page: str, chart: str) -> None:
    assert f'aria-label="{chart}"' in page
