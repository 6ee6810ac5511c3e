import numpy as np

from tokkatot.vision.detect.mixing import Answers, mixed
from tokkatot.vision.evaluate.scores import calibration_error
from tokkatot.vision.findings import ANSWERS
from tokkatot.vision.train.blending import fit_mix

LABELS = np.random.default_rng(1).integers(0, 4, 600)


def model(seed: int, *, skill: float, loudness: float = 1.0) -> Answers:
    """Return answers that favour the truth by `skill`, told as loudly as asked."""
    random = np.random.default_rng(seed)
    answers = random.normal(0, 1, (len(LABELS), ANSWERS))
    answers[np.arange(len(LABELS)), LABELS] += skill
    answers[:, -1] -= 4
    return (answers * loudness).astype(np.float32)


def test_a_model_that_is_surer_than_right_is_calmed() -> None:
    mix = fit_mix([model(1, skill=2.0, loudness=4)], LABELS)

    assert mix.alone[0] > 2
    assert calibration_error(mixed([model(1, skill=2.0, loudness=4)], mix), LABELS) < 0.05


def test_the_mixture_follows_the_model_that_knows_more() -> None:
    ignorant, skilled = model(1, skill=0.3), model(2, skill=4.0)

    mix = fit_mix([ignorant, skilled], LABELS)

    right = mixed([ignorant, skilled], mix).argmax(1) == LABELS
    assert mix.alone[0] > 2 > mix.alone[1]
    assert np.mean(right) > np.mean(skilled[:, :4].argmax(1) == LABELS) - 0.01


def test_models_that_err_apart_are_mixed_surer_than_the_mean_of_their_votes() -> None:
    answers = [model(seed, skill=2.0) for seed in (1, 2, 3)]

    mix = fit_mix(answers, LABELS)

    assert mix.together < 0.6
    assert calibration_error(mixed(answers, mix), LABELS) < 0.05


def test_the_limit_of_doubt_lets_nearly_all_good_photographs_pass() -> None:
    answers = model(1, skill=3.0)
    answers[:12, -1] += 20

    mix = fit_mix([answers], LABELS)

    assert 0.2 <= mix.doubt_above < 1
