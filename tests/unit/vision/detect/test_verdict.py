import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.vision import DOUBT_ABOVE, judged, quality
from tokkatot.vision.detect.verdict import (
    ALERT_FROM,
    REASONS,
    Judged,
    Reason,
    Verdict,
    decide,
)
from tokkatot.vision.findings import FINDINGS, Finding
from tokkatot.vision.preprocess.quality import Fault


def decided(of: Judged, *faults: Fault) -> Verdict:
    return decide(of, quality(*faults), doubt_above=DOUBT_ABOVE)


@pytest.mark.parametrize("finding", [one for one in FINDINGS if one is not Finding.HEALTHY])
def test_a_sure_disease_warns_and_advises_to_isolate(finding: Finding) -> None:
    verdict = decided(judged(finding, ALERT_FROM))

    assert (verdict.finding, verdict.alert, verdict.isolate) == (finding, True, True)
    assert verdict.confidence == ALERT_FROM


def test_a_disease_that_is_less_sure_is_told_without_a_warning() -> None:
    verdict = decided(judged(Finding.COCCIDIOSIS, 0.79))

    assert (verdict.finding, verdict.alert, verdict.isolate) == (Finding.COCCIDIOSIS, False, False)


def test_a_healthy_dropping_never_warns() -> None:
    verdict = decided(judged(Finding.HEALTHY, 0.999))

    assert (verdict.finding, verdict.alert) == (Finding.HEALTHY, False)


def test_what_is_not_likely_enough_is_not_told() -> None:
    verdict = decided(judged(Finding.SALMONELLA, 0.49))

    assert verdict.finding is None
    assert Reason.UNSURE in verdict.reasons


def test_what_is_no_dropping_is_not_told_however_sure_the_models_are() -> None:
    verdict = decided(judged(Finding.NEWCASTLE, 0.99, doubt=DOUBT_ABOVE + 0.01))

    assert (verdict.finding, verdict.alert) == (None, False)
    assert Reason.NO_DROPPING in verdict.reasons


def test_a_disagreement_is_told() -> None:
    verdict = decided(judged(Finding.SALMONELLA, 0.85, others=[Finding.HEALTHY]))

    assert verdict.finding is Finding.SALMONELLA
    assert verdict.reasons == (Reason.MODELS_DISAGREE,)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_picture_with_a_fault_raises_no_alarm_and_says_which(fault: Fault) -> None:
    verdict = decided(judged(Finding.SALMONELLA, 0.99), fault)

    assert (verdict.finding, verdict.alert) == (None, False)
    assert verdict.reasons[0].value == fault.value


def test_every_reason_has_its_sentence() -> None:
    assert set(REASONS) == set(Reason)


@given(
    finding=st.sampled_from(FINDINGS),
    confidence=st.floats(0.26, 1),
    doubt=st.floats(0, 1),
    faults=st.lists(st.sampled_from(list(Fault)), max_size=2),
)
@settings(deadline=None)
def test_an_alarm_is_always_a_told_disease_that_is_sure_enough(
    finding: Finding, confidence: float, doubt: float, faults: list[Fault]
) -> None:
    verdict = decided(judged(finding, confidence, doubt=doubt), *faults)

    sound = not faults and doubt <= DOUBT_ABOVE
    sick = finding is not Finding.HEALTHY
    assert verdict.alert is (sound and sick and confidence >= ALERT_FROM)
    assert (verdict.finding is None) is not (sound and confidence >= 0.5)
