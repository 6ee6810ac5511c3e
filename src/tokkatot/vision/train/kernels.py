"""Learns the kernel machine: one convex problem, solved in a few seconds."""

import torch
from torch.nn import functional

from tokkatot.vision.findings import IMPOSTOR
from tokkatot.vision.train.augment import Varied
from tokkatot.vision.train.colours import ColoursAndTexture, KernelMachine
from tokkatot.vision.train.config import KernelConfig
from tokkatot.vision.train.fitting import Lessons, floats

_AT_ONCE = 128
_STEPS = 400


def new_machine(config: KernelConfig) -> KernelMachine:
    """Return the machine as it is before it has learned."""
    return KernelMachine(landmarks=config.landmarks)


def learn_kernels(config: KernelConfig, lessons: Lessons) -> KernelMachine:
    """Return the learned machine."""
    varied = Varied(torch.Generator().manual_seed(config.seed))
    features, targets, weights = _described(config, lessons, varied)
    machine = new_machine(config)
    chosen = torch.multinomial(weights, config.landmarks, generator=varied.generator)
    with torch.no_grad():
        machine.landmarks.copy_(features[chosen])
        typical = torch.cdist(features[chosen], features[chosen]).square().mean()
        machine.narrowness.copy_(config.narrowness / typical)
        likeness = machine.likeness(features)
    _solve(machine, likeness, targets, weights / weights.mean(), ridge=config.ridge)
    machine.eval()
    return machine


def _described(
    config: KernelConfig, lessons: Lessons, varied: Varied
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return features, answers and weights of the pictures, varied ones and impostors."""
    describe = ColoursAndTexture()
    features, targets, weights = [], [], []
    shown = torch.from_numpy(lessons.weights)

    def add(pictures: torch.Tensor, answers: torch.Tensor, heavy: torch.Tensor) -> None:
        features.append(describe(pictures))
        targets.append(answers)
        weights.append(heavy)

    with torch.no_grad():
        for start in range(0, len(lessons.labels), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            pictures = floats(lessons.pictures[some])
            labels = torch.from_numpy(lessons.labels[some])
            nothing = torch.full_like(labels, IMPOSTOR)
            add(pictures, labels, shown[some])
            for _ in range(config.variations):
                elsewhere = varied.elsewhere(varied.moved(pictures), share=0.7)
                add(varied.worn(varied.lit(elsewhere)), labels, shown[some])
            third = len(pictures) // 3
            once = torch.ones(third, dtype=shown.dtype)
            add(varied.without_middle(pictures[:third]), nothing[:third], once)
            add(varied.spoiled(pictures[-third:]), nothing[:third], once)
        for start in range(0, len(lessons.impostors), _AT_ONCE):
            pictures = floats(lessons.impostors[start : start + _AT_ONCE])
            count = len(pictures)
            add(pictures, torch.full((count,), IMPOSTOR), torch.ones(count, dtype=shown.dtype))
    return torch.cat(features), torch.cat(targets), torch.cat(weights)


def _solve(
    machine: KernelMachine,
    likeness: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    *,
    ridge: float,
) -> None:
    """Fit the head by multinomial regression."""
    optimizer = torch.optim.LBFGS(
        machine.head.parameters(), max_iter=_STEPS, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        losses = functional.cross_entropy(machine.head(likeness), targets, reduction="none")
        loss = (losses * weights.float()).mean() + ridge * machine.head.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
