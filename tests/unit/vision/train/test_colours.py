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
