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
_V2_STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
"""How much wider it is inside, channels, blocks, and stride of the first, of MobileNetV2."""
_V2_FEATURES = 1280
_STEM = 32


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


class _FromImageNet(nn.Module):
    """A stem, blocks and a head; the first `frozen` blocks, and then the stem, are not tuned."""

    def __init__(
        self,
        blocks: Iterable[nn.Module],
        features: int,
        *,
        widened: int | None = None,
        side: int,
        dropout: float,
        frozen: int,
    ) -> None:
        super().__init__()
        self.side = side
        self.frozen = frozen
        self.stem = _conv(3, _STEM, 3, stride=2)
        self.blocks = nn.ModuleList(blocks)
        self.last = None if widened is None else _conv(features, widened, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widened or features, ANSWERS)

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = _enlarged(x, self.side)
        # The frozen blocks learn nothing, so nothing is kept for them.
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.frozen == 0):
            x = functional.relu6(self.stem(x * 2 - 1))
            for block in self.blocks[: self.frozen]:
                x = block(x)
        for block in self.blocks[self.frozen :]:
            x = block(x)
        if self.last is not None:
            x = functional.relu6(self.last(x))
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
        highest = [self.head] if self.last is None else [self.last, self.head]
        parts = [*lowest, *self.blocks[self.frozen :], *highest]
        for distance, part in enumerate(reversed(parts)):
            yield {"params": list(part.parameters()), "rate": rate * depth_decay**distance}


class SeparableBlock(nn.ModuleList):
    """A block of MobileNetV1: each channel by itself, then all of them together."""

    def __init__(self, inward: int, outward: int, *, stride: int) -> None:
        depthwise = _conv(inward, inward, 3, stride=stride, groups=inward)
        super().__init__([depthwise, _conv(inward, outward, 1)])

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in self:
            x = functional.relu6(conv(x))
        return x


class MobileNet(_FromImageNet):
    """MobileNetV1 with its normalisation folded in, as its ImageNet weights are handed out."""

    def __init__(self, *, side: int, dropout: float, frozen: int) -> None:
        features, _ = _V1_BLOCKS[-1]
        super().__init__(_v1_blocks(), features, side=side, dropout=dropout, frozen=frozen)


def _v1_blocks() -> Iterator[nn.Module]:
    inward = _STEM
    for outward, stride in _V1_BLOCKS:
        yield SeparableBlock(inward, outward, stride=stride)
        inward = outward


class InvertedBlock(nn.Module):
    """A block of MobileNetV2: wide inside, narrow where it hands on, and added where it fits."""

    def __init__(self, inward: int, outward: int, *, stride: int, wider: int) -> None:
        super().__init__()
        inside = inward * wider
        self.adds = stride == 1 and inward == outward
        self.expand = _conv(inward, inside, 1) if wider > 1 else None
        self.dw = _conv(inside, inside, 3, stride=stride, groups=inside)
        self.project = _conv(inside, outward, 1)

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inside = x if self.expand is None else functional.relu6(self.expand(x))
        out: torch.Tensor = self.project(functional.relu6(self.dw(inside)))
        return x + out if self.adds else out


class MobileNetV2(_FromImageNet):
    """MobileNetV2 with its normalisation folded in, as its ImageNet weights are handed out."""

    def __init__(self, *, side: int, dropout: float, frozen: int) -> None:
        _, features, _, _ = _V2_STAGES[-1]
        super().__init__(
            _v2_blocks(),
            features,
            widened=_V2_FEATURES,
            side=side,
            dropout=dropout,
            frozen=frozen,
        )

    @override
    def take_imagenet(self, weights: Mapping[str, torch.Tensor]) -> None:
        super().take_imagenet(
            {
                name.replace("head.", "last."): value
                for name, value in weights.items()
                if not name.startswith("classifier.")
            }
        )


def _v2_blocks() -> Iterator[nn.Module]:
    inward = _STEM
    for wider, outward, count, first_stride in _V2_STAGES:
        for number in range(count):
            stride = first_stride if number == 0 else 1
            yield InvertedBlock(inward, outward, stride=stride, wider=wider)
            inward = outward


def _enlarged(x: torch.Tensor, side: int) -> torch.Tensor:
    if side == SIDE:
        return x
    return functional.interpolate(x, size=(side, side), mode="bilinear")


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
    """A network that looks at a picture as it is and mirrored.

    Upside down it is worse, though a dropping has no right way up: ImageNet's pictures have one.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # As one batch, so that its weights are read once for both.
        answers: torch.Tensor = self.network(torch.cat((x, x.flip(3))))
        return answers.unflatten(0, (2, -1)).mean(0)
