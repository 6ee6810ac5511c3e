"""The kernel machine: likeness by distance, exact enough to be frozen."""

import numpy as np
import pytest

from tests.support.pictures import drawn

pytestmark = pytest.mark.training

SIDE = 112


def test_likeness_falls_with_the_distance_as_computed_in_double_precision() -> None:
    import torch  # noqa: PLC0415

    from tokkatot.vision.train.colours import KernelMachine  # noqa: PLC0415

    pictures = np.stack([np.asarray(drawn(n, width=SIDE, height=SIDE)) for n in range(6)])
    machine = KernelMachine(landmarks=6)
    with torch.no_grad():
        features = machine.describe(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255)
        machine.landmarks.copy_(features)
        likeness = machine.likeness(features)

    exactly = torch.exp(-(torch.cdist(features.double(), features.double()) ** 2))
    assert torch.allclose(likeness.double(), exactly, atol=2e-6)
    assert float(exactly.min()) < 0.95


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_every_histogram_of_the_hardest_edges_is_whole(level: float) -> None:
    import torch  # noqa: PLC0415

    from tokkatot.vision.train.colours import ColoursAndTexture  # noqa: PLC0415

    # Red beside black or white, pixel by pixel: no picture has steeper gradients of its colour.
    picture = torch.full((1, 3, SIDE, SIDE), level)
    picture[:, :, ::2, ::2] = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None]

    shares = ColoursAndTexture()(picture).square()

    # Lights by pairs of colours; lights and two colours everywhere; gradients and patterns of two
    # channels in three sizes.
    assert float(shares.sum()) == pytest.approx(1 + 3 + 2 * 3 * 2, abs=1e-2)
