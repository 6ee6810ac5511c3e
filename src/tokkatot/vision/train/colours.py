"""A kernel machine over the colours and the texture of a picture: no network, so it errs apart."""

import torch
from torch import nn
from torch.nn import functional
from typing_extensions import override

from tokkatot.vision.findings import ANSWERS
from tokkatot.vision.preprocess.canvas import SIDE

_COARSE = 56
"""Pixels at which colours are counted."""
_LIGHTS, _COLOURS, _KINDS = 6, 9, 10
_EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Where the bins of gradients have their middles; values are of 0 to 1."""
_SIZES = (1, 2, 4)
FEATURES = _LIGHTS * (_COLOURS**2 + 1) + 2 * _COLOURS + 2 * len(_SIZES) * (len(_EDGES) + _KINDS)
"""How many numbers describe a picture."""

_NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
_FLAT = 0.01
"""A neighbour that is brighter by less is as bright."""


class ColoursAndTexture(nn.Module):
    """Histograms, each of which sums to 1 before its root is taken."""

    def __init__(self) -> None:
        super().__init__()
        line = torch.linspace(-1, 1, _COARSE)
        distance = (line[:, None] ** 2 + line[None, :] ** 2).sqrt()
        middle = torch.exp(-((distance / 0.6) ** 2)).flatten()
        self.middle: torch.Tensor
        self.register_buffer("middle", middle / middle.sum(), persistent=False)
        self.edges: torch.Tensor
        self.register_buffer("edges", torch.tensor(_EDGES), persistent=False)

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        coarse = functional.avg_pool2d(x, SIDE // _COARSE).flatten(2)
        red, green, blue = coarse[:, 0], coarse[:, 1], coarse[:, 2]
        light = (red + green + blue) / 3
        # Quotients, so that a shadow changes the light and hardly the colours.
        warm = (red - green) / (light + 0.1)
        yellow = ((red + green) / 2 - blue) / (light + 0.1)
        lights = _binned(light, 0, 1, _LIGHTS)
        warms = _binned(warm, -0.3, 0.9, _COLOURS)
        yellows = _binned(yellow, -0.3, 1.2, _COLOURS)
        weighted = lights * self.middle
        pairs = (warms[:, :, None] * yellows[:, None]).flatten(1, 2)
        joint = weighted @ pairs.transpose(1, 2)
        everywhere = [one.mean(2) for one in (lights, warms, yellows)]
        blocks = [joint.flatten(1), *everywhere, *self._texture(x)]
        return torch.cat([(block + 1e-6).sqrt() for block in blocks], dim=1)

    def _texture(self, x: torch.Tensor) -> list[torch.Tensor]:
        light = x.mean(1, keepdim=True)
        warm = (x[:, :1] - x[:, 1:2]) / (light + 0.1)
        blocks = []
        for channel in (light, warm):
            for size in _SIZES:
                small = functional.avg_pool2d(channel, size) if size > 1 else channel
                blocks.append(self._gradients(small))
                blocks.append(_patterns(small))
        return blocks

    def _gradients(self, channel: torch.Tensor) -> torch.Tensor:
        across = channel[..., :-1, 1:] - channel[..., :-1, :-1]
        down = channel[..., 1:, :-1] - channel[..., :-1, :-1]
        steep = (across**2 + down**2 + 1e-12).sqrt().flatten(1)[:, None]
        nearer = -(((steep - self.edges[:, None]) / (self.edges[:, None] * 0.4 + 0.01)) ** 2)
        # A softmax by hand: the runtime's own over this axis takes four times as long.
        shares = (nearer - nearer.amax(1, keepdim=True)).exp()
        return (shares / shares.sum(1, keepdim=True)).mean(2)


def _binned(values: torch.Tensor, low: float, high: float, count: int) -> torch.Tensor:
    """Return for each value how much of it lies in each bin: 1 in all, between two neighbours."""
    place = ((values - low) / (high - low)).clamp(0, 1)[:, None] * (count - 1)
    bins = torch.arange(count, dtype=values.dtype)[:, None]
    return (1 - (place - bins).abs()).clamp(min=0)


def _patterns(channel: torch.Tensor) -> torch.Tensor:
    """Return how often each local binary pattern occurs, whichever way the picture is turned."""
    side = channel.shape[-1]
    inside = channel[..., 1:-1, 1:-1]
    bits = torch.cat(
        [
            (channel[..., 1 + y : side - 1 + y, 1 + x : side - 1 + x] > inside + _FLAT).float()
            for y, x in _NEIGHBOURS
        ],
        dim=1,
    )
    turned = torch.cat((bits[:, 1:], bits[:, :1]), dim=1)
    changes = (bits - turned).abs().sum(1)
    code = torch.where(changes <= 2, bits.sum(1), torch.full_like(changes, _KINDS - 1.0)).flatten(1)
    kinds = torch.arange(_KINDS, dtype=code.dtype)[:, None]
    return (code[:, None] == kinds).float().mean(2)


class KernelMachine(nn.Module):
    """Answers by likeness to some pictures of the training."""

    def __init__(self, *, landmarks: int) -> None:
        super().__init__()
        self.describe = ColoursAndTexture()
        self.landmarks = nn.Parameter(torch.zeros(landmarks, FEATURES), requires_grad=False)
        self.narrowness = nn.Parameter(torch.ones(()), requires_grad=False)
        self.head = nn.Linear(landmarks, ANSWERS)

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = self.head(self.likeness(self.describe(x)))
        return answers

    def likeness(self, features: torch.Tensor) -> torch.Tensor:
        """Return how like each landmark each picture is, 0 to 1."""
        # A shift changes no distance, but smaller numbers lose less when they are subtracted.
        middle = self.landmarks.mean(0)
        features, landmarks = features - middle, self.landmarks - middle
        squares = (features**2).sum(1, keepdim=True) + (landmarks**2).sum(1)
        distances = (squares - 2 * functional.linear(features, landmarks)).clamp(min=0)
        return torch.exp(-self.narrowness * distances)
