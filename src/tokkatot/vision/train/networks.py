"""The networks: from a batch of canvases, values 0 to 1, to one number for each answer."""

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import nn
from torch.nn import functional
from typing_extensions import override

from tokkatot.vision.findings import ANSWERS
from tokkatot.vision.preprocess.canvas import SIDE

_V1_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
"""Channels and stride of each block of MobileNetV1."""


class SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow does, on which the given weights were learned."""

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.stride[0] == 2:
            x = functional.pad(x, (0, 1, 0, 1))
        return super().forward(x)


def _conv(inward: int, outward: int, kernel: int, *, stride: int = 1, groups: int = 1) -> SameConv:
    padding = kernel // 2 if stride == 1 else 0
    return SameConv(
        inward, outward, kernel, stride=stride, padding=padding, groups=groups, bias=True
    )


class MobileNet(nn.Module):
    """MobileNetV1 with its normalisation folded in, as its ImageNet weights are handed out."""

    def __init__(self, *, side: int, dropout: float, frozen: int) -> None:
        super().__init__()
        self.side = side
        self.frozen = frozen
        self.stem = _conv(3, 32, 3, stride=2)
        blocks = []
        inward = 32
        for outward, stride in _V1_BLOCKS:
            depthwise = _conv(inward, inward, 3, stride=stride, groups=inward)
            blocks.append(nn.ModuleList([depthwise, _conv(inward, outward, 1)]))
            inward = outward
        self.blocks = nn.ModuleList(blocks)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(inward, ANSWERS)

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.side != SIDE:
            x = functional.interpolate(x, size=(self.side, self.side), mode="bilinear")
        # The frozen blocks learn nothing, so nothing is kept for them.
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.frozen == 0):
            x = functional.relu6(self.stem(x * 2 - 1))
            x = _through(self.blocks[: self.frozen], x)
        x = _through(self.blocks[self.frozen :], x)
        answers: torch.Tensor = self.head(self.dropout(x.mean((2, 3))))
        return answers

    def take_imagenet(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Start from the ImageNet weights of everything but the head."""
        missing, unexpected = self.load_state_dict(dict(weights), strict=False)
        assert set(missing) == {"head.weight", "head.bias"}, missing
        assert not unexpected, unexpected

    def parameter_groups(self, rate: float, *, depth_decay: float) -> Iterator[dict[str, object]]:
        """Return what to tune: the nearer to the picture, the slower."""
        lowest = [] if self.frozen else [self.stem]
        parts = [*lowest, *self.blocks[self.frozen :], self.head]
        for distance, part in enumerate(reversed(parts)):
            yield {"params": list(part.parameters()), "rate": rate * depth_decay**distance}


def _through(blocks: Iterable[nn.Module], x: torch.Tensor) -> torch.Tensor:
    for depthwise, pointwise in blocks:
        x = functional.relu6(pointwise(functional.relu6(depthwise(x))))
    return x


class SmallNet(nn.Module):
    """A small plain network that is learned from nothing, so that it errs in its own way."""

    def __init__(self, *, width: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inward = 3
        for outward, stride in (
            (width, 2), (width * 2, 2), (width * 2, 1), (width * 4, 2), (width * 4, 1),
            (width * 6, 2), (width * 6, 1),
        ):  # fmt: skip
            layers += [
                nn.Conv2d(inward, outward, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(outward),
                nn.ReLU(inplace=True),
            ]
            inward = outward
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        # Mean and maximum: a spot of blood is small.
        self.head = nn.Linear(inward * 2, ANSWERS)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layers(x * 2 - 1)
        pooled = torch.cat((x.mean((2, 3)), x.amax((2, 3))), dim=1)
        answers: torch.Tensor = self.head(self.dropout(pooled))
        return answers

    def parameter_groups(self, rate: float, *, depth_decay: float) -> Iterator[dict[str, object]]:
        """Return what to tune, all of it alike."""
        del depth_decay
        yield {"params": list(self.parameters()), "rate": rate}


class Mirrored(nn.Module):
    """A network that looks at a picture as it is, mirrored, upside down and both."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        views = (x, x.flip(3), x.flip(2), x.flip((2, 3)))
        answers: torch.Tensor = sum(self.network(view) for view in views) / len(views)
        return answers
