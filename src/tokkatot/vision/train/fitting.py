"""Learns one network: seeded, and resumed after the last whole round when it was stopped."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from tokkatot.vision.data.photos import DataRefused
from tokkatot.vision.findings import ANSWERS, IMPOSTOR
from tokkatot.vision.train.augment import Varied
from tokkatot.vision.train.config import NetworkConfig
from tokkatot.vision.train.networks import MobileNet, MobileNetV2, SmallNet

Network = MobileNet | MobileNetV2 | SmallNet
Labels = npt.NDArray[np.int64]

_WARMING = 0.1
_KEPT = 0.99
"""Of the running mean of the weights, a step."""
_LONGEST_STEP = 1.0
_SCORING_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What is learned from; `weights` says how often each picture is shown, relative to others."""

    pictures: npt.NDArray[np.uint8]
    labels: Labels
    weights: npt.NDArray[np.float64]
    impostors: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is told after a round through the pictures."""

    epoch: int
    epochs: int
    loss: float


def new_network(config: NetworkConfig) -> Network:
    """Return the network as it is when nothing has taught it."""
    torch.manual_seed(config.seed)
    if config.network == "small":
        return SmallNet(width=config.width, dropout=config.dropout)
    kind = MobileNet if config.network == "mobilenet" else MobileNetV2
    return kind(side=config.side, dropout=config.dropout, frozen=config.frozen)


def taught_network(config: NetworkConfig, weights: Path | None) -> Network:
    """Return it with what ImageNet has taught it, from the folder of such weights.

    Raises:
        DataRefused: where it is to start from weights that are not there.
    """
    network = new_network(config)
    if config.imagenet is None:
        return network
    if isinstance(network, SmallNet):
        raise DataRefused("A small network starts from nothing: it takes no `imagenet`.")
    try:
        network.take_imagenet(torch.load((weights or Path()) / config.imagenet)["state_dict"])
    except OSError as error:
        raise DataRefused(f"{config.imagenet} can't be read: {error.strerror}.") from None
    return network


class Fitting:
    """The learning of one network; `checkpoint` is where it stands after each round."""

    def __init__(
        self, config: NetworkConfig, network: Network, *, checkpoint: Path, digest: str
    ) -> None:
        self._config = config
        self._checkpoint = checkpoint
        self._digest = digest
        self._network = network.to(memory_format=torch.channels_last)
        self._mean = copy.deepcopy(network)
        self._optimizer = torch.optim.AdamW(
            [
                {"params": group["params"], "lr": group["rate"], "highest": group["rate"]}
                for group in network.parameter_groups(config.rate, depth_decay=config.depth_decay)
            ],
            weight_decay=config.weight_decay,
        )
        self._done = 0
        self._resume()

    def run(self, lessons: Lessons, tell: Callable[[Round], None]) -> Network:
        """Learn what is left to be learned, and return the mean of the last weights.

        Raises:
            DataRefused: where there are fewer photographs than it takes at a time.
        """
        if len(lessons.labels) < self._config.batch:
            raise DataRefused(
                f"{len(lessons.labels)} photographs to learn from are fewer than one batch of "
                f"{self._config.batch}: take more, or a smaller `batch`."
            )
        for epoch in range(self._done, self._config.epochs):
            loss = self._round(epoch, lessons)
            self._done = epoch + 1
            self._keep()
            tell(Round(epoch=self._done, epochs=self._config.epochs, loss=loss))
        self._mean.eval()
        return self._mean

    # ------------------------------------------------------------------------------------ one round

    def _round(self, epoch: int, lessons: Lessons) -> float:
        # Seeded by the round, so that a resumed learning sees what an unbroken one would.
        seed = self._config.seed * 10_007 + epoch
        torch.manual_seed(seed)  # what dropout draws from
        generator = torch.Generator().manual_seed(seed)
        varied = Varied(generator)
        weights = torch.from_numpy(lessons.weights)
        order = torch.multinomial(weights, len(weights), replacement=True, generator=generator)
        batches = order.split(self._config.batch)[: len(order) // self._config.batch]
        steps = len(batches) * self._config.epochs
        self._network.train()
        losses = []
        for number, chosen in enumerate(batches):
            self._set_rate((epoch * len(batches) + number) / steps)
            pictures, targets = self._batch(lessons, chosen.numpy(), varied)
            losses.append(self._step(pictures, targets))
            self._follow(epoch * len(batches) + number)
        return float(np.mean(losses))

    def _batch(
        self, lessons: Lessons, chosen: Labels, varied: Varied
    ) -> tuple[torch.Tensor, torch.Tensor]:
        config = self._config
        pictures = varied.moved(floats(lessons.pictures[chosen]))
        labels = torch.from_numpy(lessons.labels[chosen])
        count = max(round(len(chosen) * config.impostors / 3), 1)
        without = varied.without_middle(pictures[varied.shuffled(len(pictures))[:count]])
        spoiled = varied.spoiled(pictures[varied.shuffled(len(pictures))[:count]])
        drawn = varied.shuffled(len(lessons.impostors))[:count].numpy()
        pictures = varied.worn(varied.lit(varied.elsewhere(pictures, share=config.elsewhere)))
        everything = torch.cat(
            (pictures, without, spoiled, varied.moved(floats(lessons.impostors[drawn])))
        )
        targets = functional.one_hot(labels, ANSWERS).float()
        nothing = functional.one_hot(torch.full((3 * count,), IMPOSTOR), ANSWERS).float()
        targets = torch.cat((targets, nothing))
        if float(varied.uniform(1, 0, 1)) < config.mixed:
            other = varied.shuffled(len(everything))
            share = float(varied.uniform(1, 0, 0.4))
            everything = everything * (1 - share) + everything[other] * share
            targets = targets * (1 - share) + targets[other] * share
        targets = targets * (1 - config.smoothing) + config.smoothing / ANSWERS
        return everything.contiguous(memory_format=torch.channels_last), targets

    def _step(self, pictures: torch.Tensor, targets: torch.Tensor) -> float:
        exact = self._config.precision == "float32"
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not exact):
            answers = self._network(pictures)
        loss = functional.cross_entropy(answers.float(), targets)
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _LONGEST_STEP)
        self._optimizer.step()
        return float(loss.detach())

    def _set_rate(self, progress: float) -> None:
        if progress < _WARMING:
            share = progress / _WARMING
        else:
            share = (1 + math.cos(math.pi * (progress - _WARMING) / (1 - _WARMING))) / 2
        for group in self._optimizer.param_groups:
            group["lr"] = group["highest"] * share

    def _follow(self, step: int) -> None:
        kept = min(_KEPT, (1 + step) / (10 + step))
        with torch.no_grad():
            theirs = self._network.state_dict()
            for name, mine in self._mean.state_dict().items():
                if mine.is_floating_point():
                    mine.lerp_(theirs[name], 1 - kept)
                else:
                    mine.copy_(theirs[name])

    # --------------------------------------------------------------------------------- checkpoints

    def _keep(self) -> None:
        state = {
            "digest": self._digest,
            "done": self._done,
            "network": self._network.state_dict(),
            "mean": self._mean.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        fresh = self._checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._checkpoint)

    def _resume(self) -> None:
        if not self._checkpoint.is_file():
            return
        state = torch.load(self._checkpoint)
        if state["digest"] != self._digest:
            return
        self._done = state["done"]
        self._network.load_state_dict(state["network"])
        self._mean.load_state_dict(state["mean"])
        self._optimizer.load_state_dict(state["optimizer"])


def answers_of(
    network: torch.nn.Module, pictures: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Return what a network answers, as it will be exported."""
    return np.concatenate(list(_answers(network.eval(), pictures)))


def _answers(
    network: torch.nn.Module, pictures: npt.NDArray[np.uint8]
) -> Iterator[npt.NDArray[np.float32]]:
    with torch.inference_mode():
        for start in range(0, len(pictures), _SCORING_BATCH):
            yield network(floats(pictures[start : start + _SCORING_BATCH])).numpy()


def floats(pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Return canvases as networks take them."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
