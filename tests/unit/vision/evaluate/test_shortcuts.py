import numpy as np
import pytest

from tests.support.pictures import drawn
from tokkatot.vision.evaluate.shortcuts import MASKED, MASKS
from tokkatot.vision.preprocess.canvas import SIDE, on_canvas


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_covers_the_middle_and_leaves_the_rest(name: str) -> None:
    canvases = np.stack([on_canvas(drawn(seed)) for seed in range(3)])

    masked = MASKS[name](canvases)

    edge = round(SIDE * (1 - MASKED) / 2)
    inside = (slice(None), slice(edge, SIDE - edge), slice(edge, SIDE - edge))
    ring = np.ones(canvases.shape, bool)
    ring[inside] = False
    assert np.array_equal(masked[ring], canvases[ring])
    assert all(len(np.unique(one.reshape(-1, 3), axis=0)) == 1 for one in masked[inside])
