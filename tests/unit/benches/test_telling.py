import numpy as np

from benches.support.telling import EVERY, Telling
from tests.support.vision import FakeDetector
from tokkatot.vision.evaluate.judging import judge_canvases


def test_it_says_once_for_every_so_many_pictures_that_it_goes_on() -> None:
    said: list[str] = []
    pictures = np.zeros((2 * EVERY + 3, 2, 2, 3), np.uint8)

    verdicts = judge_canvases(Telling(FakeDetector(), said.append), pictures)

    assert len(verdicts) == len(pictures)
    assert [text.split()[1:] for text in said] == [["pictures", "judged"]] * 2
