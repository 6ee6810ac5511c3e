"""The networks that start from ImageNet: what they take over, and what of it stays."""

from pathlib import Path
from typing import Literal

import pytest

from tokkatot.vision.train.config import NetworkConfig

pytestmark = pytest.mark.training

Kind = Literal["mobilenet", "mobilenet_v2"]


def config(network: Kind, imagenet: str | None = None) -> NetworkConfig:
    return NetworkConfig(
        network=network, imagenet=imagenet, seed=1, epochs=1, batch=2, rate=1e-3, frozen=5
    )


@pytest.mark.parametrize("network", ["mobilenet", "mobilenet_v2"])
def test_what_is_frozen_gets_no_lessons_and_all_the_rest_does(network: Kind) -> None:
    import torch  # noqa: PLC0415

    from tokkatot.vision.train.fitting import new_network  # noqa: PLC0415

    learner = new_network(config(network)).train()
    learner(torch.rand(2, 3, 112, 112)).square().sum().backward()

    untaught = {name for name, one in learner.named_parameters() if one.grad is None}
    groups = learner.parameter_groups(1e-3, depth_decay=0.5)
    tuned = {id(one) for group in groups for one in group["params"]}
    assert untaught == {
        name
        for name, _ in learner.named_parameters()
        if name.startswith(("stem.", *(f"blocks.{number}." for number in range(5))))
    }
    assert untaught == {name for name, one in learner.named_parameters() if id(one) not in tuned}


def test_a_mirrored_network_answers_the_mean_of_both_views_of_each_picture() -> None:
    import torch  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415

    from tokkatot.vision.train.networks import Mirrored  # noqa: PLC0415

    # It answers with the three colours of the corner at the upper left.
    corner = nn.Sequential(nn.AvgPool2d(1, stride=4), nn.Flatten())
    pictures = torch.rand(3, 3, 4, 4)

    answers = Mirrored(corner)(pictures)

    assert torch.allclose(answers, (pictures[:, :, 0, 0] + pictures[:, :, 0, 3]) / 2)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("network", "imagenet"),
    [
        ("mobilenet", "mobilenetv1_1.0_imagenet_embed.pth"),
        ("mobilenet_v2", "mobilenetv2_1.0_imagenet_qat.pth"),
    ],
)
def test_all_but_the_head_starts_as_imagenet_taught_it(
    network: Kind, imagenet: str, shared_data: Path
) -> None:
    import torch  # noqa: PLC0415

    from tokkatot.vision.train.fitting import taught_network  # noqa: PLC0415

    taught = taught_network(config(network, imagenet), shared_data / "weights").state_dict()
    given = torch.load(shared_data / "weights" / imagenet)["state_dict"]

    theirs = sum(float(one.abs().sum()) for name, one in given.items() if "classifier" not in name)
    ours = sum(
        float(one.abs().sum()) for name, one in taught.items() if not name.startswith("head")
    )
    assert ours == pytest.approx(theirs, rel=1e-6)
