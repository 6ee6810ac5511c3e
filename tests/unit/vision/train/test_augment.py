"""What variations keep: the hue, which is the sign, and the part that they are not of."""

import colorsys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.pictures import drawn

if TYPE_CHECKING:
    import torch

    from tokkatot.vision.train.augment import Varied

pytestmark = pytest.mark.training

SIDE = 112
EDGE, MIDDLE = 2, slice(48, 64)
COLOURS = ((0.75, 0.35, 0.2), (0.3, 0.6, 0.35), (0.7, 0.6, 0.25), (0.45, 0.3, 0.2))
"""Blood, bile, yellow and brown."""


def varied(seed: int = 1) -> "Varied":
    import torch  # noqa: PLC0415

    from tokkatot.vision.train.augment import Varied  # noqa: PLC0415

    return Varied(torch.Generator().manual_seed(seed))


def pictures(count: int) -> "torch.Tensor":
    from tokkatot.vision.train.fitting import floats  # noqa: PLC0415

    return floats(np.stack([np.asarray(drawn(n, width=SIDE, height=SIDE)) for n in range(count)]))


def hue(colour: tuple[float, float, float]) -> float:
    """Return a hue in degrees."""
    return colorsys.rgb_to_hsv(*colour)[0] * 360


def apart(one: "torch.Tensor", other: "torch.Tensor") -> tuple[float, float]:
    """Return how far two pictures are from each other at most, in the middle and along the edge."""
    gap = (one - other).abs()
    edge = gap.clone()
    edge[:, :, EDGE:-EDGE, EDGE:-EDGE] = 0
    return float(gap[:, :, MIDDLE, MIDDLE].max()), float(edge.max())


@pytest.mark.parametrize("colour", COLOURS, ids=["blood", "bile", "yellow", "brown"])
def test_light_changes_and_the_hue_hardly(colour: tuple[float, float, float]) -> None:
    import torch  # noqa: PLC0415

    plain = torch.tensor(colour)[None, :, None, None].expand(500, 3, 8, 8)

    lit = varied().lit(plain).mean((2, 3))

    turned = [abs(hue((r, g, b)) - hue(colour)) for r, g, b in lit.tolist()]
    assert np.mean(turned) < 3
    assert max(turned) < 10
    assert float(lit.mean(1).max() / lit.mean(1).min()) > 1.5


def test_a_middle_comes_before_another_background() -> None:
    some = pictures(6)

    swapped = varied().elsewhere(some, share=1)

    middle, edge = apart(swapped, some)
    assert middle == 0
    assert edge > 0.2
    assert apart(varied().elsewhere(some, share=0), some) == (0, 0)


def test_where_the_middle_is_gone_the_background_is_left() -> None:
    some = pictures(40)

    without = varied().without_middle(some)

    gaps = [apart(one[None], other[None]) for one, other in zip(without, some, strict=True)]
    assert max(edge for _, edge in gaps) == 0
    assert min(middle for middle, _ in gaps) > 0.05


@pytest.mark.parametrize("way", ["moved", "lit", "worn", "without_middle", "spoiled"])
def test_the_same_seed_varies_alike_and_within_what_a_picture_may_be(way: str) -> None:
    def of(seed: int) -> "torch.Tensor":
        vary: Callable[[torch.Tensor], torch.Tensor] = getattr(varied(seed), way)
        return vary(pictures(6))

    one, again, other = of(1), of(1), of(2)

    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert float(one.min()) >= 0
    assert float(one.max()) <= 1
