from collections.abc import Callable

import numpy as np
import pytest

from tests.support.pictures import drawn
from tokkatot.vision.evaluate.shortcuts import MASKED, MASKS, SPOILINGS, spoiled
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


def test_each_photograph_is_spoiled_in_one_way_by_turns() -> None:
    canvases = np.stack([on_canvas(drawn(seed)) for seed in range(len(SPOILINGS) + 2)])
    before = canvases.copy()

    out = spoiled(canvases)

    ways = [*SPOILINGS.values()] * 2
    assert all(
        np.array_equal(one, way(canvas[None])[0])
        for one, way, canvas in zip(out, ways, canvases, strict=False)
    )
    assert np.array_equal(canvases, before)
    assert np.array_equal(spoiled(canvases[:2]), out[:2])


def loss_of(channel: int) -> Callable[[np.ndarray, np.ndarray], bool]:
    def is_lost(canvas: np.ndarray, out: np.ndarray) -> bool:
        left = out.mean((0, 1)) / canvas.mean((0, 1))
        return bool(left[channel] < 0.51 and np.delete(left, channel).min() > 0.99)

    return is_lost


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("little red", loss_of(0)),
        ("little green", loss_of(1)),
        ("little blue", loss_of(2)),
        ("grey", lambda _, out: np.ptp(out, axis=2).max() == 0 < out.std()),
        ("blurred", lambda canvas, out: np.diff(out, axis=0).max() < 20 < canvas.std()),
        ("dark", lambda _, out: 0 < out.mean() < 30),
        ("overexposed", lambda canvas, out: (out == 255).mean() > 0.5 > (canvas == 255).mean()),
    ],
)
def test_what_a_camera_may_do_is_done(
    name: str, is_so: Callable[[np.ndarray, np.ndarray], bool]
) -> None:
    canvas = on_canvas(drawn(1))

    assert is_so(canvas.astype(int), SPOILINGS[name](canvas[None])[0].astype(int))
    assert len(SPOILINGS) == 7
