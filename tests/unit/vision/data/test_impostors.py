import numpy as np
import pytest

from tokkatot.vision.data.impostors import TAUGHT, UNTAUGHT, impostors
from tokkatot.vision.preprocess.canvas import SIDE


@pytest.mark.parametrize("name", [*TAUGHT, *UNTAUGHT])
def test_each_kind_is_drawn_on_the_canvas_and_never_the_same_twice(name: str) -> None:
    drawn = impostors(6, seed=1, kinds={name: {**TAUGHT, **UNTAUGHT}[name]})

    assert drawn.shape == (6, SIDE, SIDE, 3)
    assert drawn.dtype == np.uint8
    assert len({picture.tobytes() for picture in drawn}) == 6


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    first = impostors(20, seed=1, kinds=TAUGHT)

    assert np.array_equal(impostors(20, seed=1, kinds=TAUGHT), first)
    assert not np.array_equal(impostors(20, seed=2, kinds=TAUGHT), first)


def test_what_is_tested_alone_is_never_taught() -> None:
    assert not set(TAUGHT.values()) & set(UNTAUGHT.values())
