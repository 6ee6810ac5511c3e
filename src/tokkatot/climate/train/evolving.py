"""Learns a policy by an evolution strategy on whole seasons; what was stopped goes on."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import UNSET

from tokkatot.climate.env.batches import AnyStart, Batch
from tokkatot.climate.judge.controllers import reached
from tokkatot.climate.kernel import Floats
from tokkatot.climate.plan import Plan, PlanRefused, batch_of, digest_of, evolution_of, kind_of
from tokkatot.climate.policy.card import House
from tokkatot.climate.train.steering import Form, Network, ShiftedDials, ShiftedRules, observed
from tokkatot.climate.train.strategy import Strategy
from tokkatot.climate.weather.series import WeatherSeries

CHECKPOINT = "checkpoint.npz"

Count = Callable[[int, int], None]


class Evolver:
    """A network, the candidates around it, and how far it has come.

    Some seasons are kept: what does best in them on the whole is what was learned.
    """

    kept_as = CHECKPOINT

    def __init__(self, plan: Plan, weathers: Sequence[WeatherSeries]) -> None:
        """Begin anew by a plan.

        Raises:
            PlanRefused: where it has too few seasons, or does not evolve.
        """
        self.plan, self.how = plan, evolution_of(plan)
        how = self.how
        self._chance = np.random.default_rng(plan.seed)
        self._many = batch_of(plan, weathers, how.candidates * how.seasons)
        self.batch = batch_of(plan, weathers, how.kept_seasons)
        if how.substeps is not UNSET:
            self._many.coarsen(how.substeps)
        self._open, self._kept = self._parted()
        self.done = 0
        self.network = self._network()
        self._strategy = Strategy(self.network.first(self._chance), how.spread, how.candidates)
        self.best = self._strategy.middle
        self.best_worth = self.judged(self.best)

    @property
    def decisions(self) -> int:
        """How many it has learned from, and been chosen by."""
        of_one = self._many.houses * self._many.steps
        judged = 1 + len([at for at in self._judged_at() if at <= self.done])
        return self.done * of_one + judged * self.batch.houses * self.batch.steps

    def learn(self, out: Path, count: Count) -> None:
        """Learn to the plan's end, from what the folder holds on.

        Raises:
            PlanRefused: where the folder holds a run of another plan.
        """
        out.mkdir(parents=True, exist_ok=True)
        if (out / CHECKPOINT).exists():
            self.recall(out / CHECKPOINT)
        judged_at = self._judged_at()
        while self.done < self.how.generations:
            self._generation()
            self.done += 1
            if self.done in judged_at:
                self._judge()
                self.keep(out / CHECKPOINT)
            count(self.done, self.how.generations)

    def judged(self, numbers: Floats) -> float:
        """Return what the kept seasons come to a m², in euros, under a network."""
        stacked = numbers[None, :]
        return float(_lived(self.batch, self._kept, self.network, stacked).mean())

    def keep(self, path: Path) -> None:
        """Write all that learning goes on from."""
        beside = path.with_suffix(".new.npz")
        kept: dict[str, Any] = {
            "plan": digest_of(self.plan),
            "done": self.done,
            "best": self.best,
            "best_worth": self.best_worth,
            "mean": self.network.mean,
            "deviation": self.network.deviation,
            "chance": json.dumps(self._chance.bit_generator.state),
            **self._strategy.memory(),
        }
        np.savez(beside, **kept)
        beside.replace(path)

    def recall(self, path: Path) -> None:
        """Go on from what was kept.

        Raises:
            PlanRefused: where it was kept under another plan, or is none of its kind.
        """
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["plan"]) != digest_of(self.plan):
                raise PlanRefused(f"{path} was learned by another plan; name another folder.")
            self.done = int(kept["done"])
            self.best, self.best_worth = kept["best"], float(kept["best_worth"])
            self.network = self._scaled(kept["mean"], kept["deviation"])
            self._chance.bit_generator.state = json.loads(str(kept["chance"]))
            self._strategy.recall(kept)

    def _judged_at(self) -> set[int]:
        """Return after which generations it is judged and kept."""
        how = self.how
        parts = range(1, how.checkpoints + 1)
        return {-(-how.generations * part // how.checkpoints) for part in parts}

    def _generation(self) -> None:
        begun = self._chance.choice(len(self._open), self.how.seasons, replace=False)
        starts = [self._many.draw.begun(self._open[at], self._chance) for at in begun]
        rows = self._strategy.asked(self._chance)
        worth = _lived(self._many, starts, self.network, rows)
        self._strategy.tell(rows, worth.mean(axis=1))

    def _judge(self) -> None:
        worth = self.judged(self._strategy.middle)
        if worth > self.best_worth:
            self.best, self.best_worth = self._strategy.middle, worth

    def _parted(self) -> tuple[list[Any], list[AnyStart]]:
        """Return where seasons to learn from begin, and the ones that are kept."""
        every, how = self.batch.draw.seasons.all(), self.how
        if len(every) < how.seasons + how.kept_seasons:
            raise PlanRefused(
                f"{self.plan.name} has {len(every)} seasons, of which {how.kept_seasons} are kept:"
                f" too few to learn from {how.seasons} at once."
            )
        count = how.kept_seasons
        kept = [(2 * at + 1) * len(every) // (2 * count) for at in range(count)]
        chance = np.random.default_rng(self.plan.seed)
        starts = [self.batch.draw.begun(every[at], chance) for at in kept]
        return [one for at, one in enumerate(every) if at not in kept], starts

    def _network(self) -> Network:
        """Return the network that sees by how much things vary while nothing is shifted."""
        plain = self._scaled(np.zeros(len(self.batch.fields)), np.ones(len(self.batch.fields)))
        seen: list[Floats] = []
        _lived(self.batch, self._kept, plain, np.zeros((1, plain.size)), seen)
        rows = np.concatenate(seen)
        return self._scaled(rows.mean(axis=0), rows.std(axis=0))

    def _scaled(self, mean: Floats, deviation: Floats) -> Network:
        return Network(
            dials=self.batch.dials,
            fields=self.batch.fields,
            form=self._form(),
            hidden=self.how.hidden,
            mean=mean,
            deviation=deviation,
        )

    def _form(self) -> Form:
        if kind_of(self.plan) is House.TOMATO_BENCHMARK:
            return ShiftedRules()
        self.batch.plant(0, self._kept[0])
        return ShiftedDials(self.batch.dials, tuple(self.batch.values[0].tolist()))


def _lived(
    batch: Batch[Any],
    starts: Sequence[AnyStart],
    network: Network,
    rows: Floats,
    seen: list[Floats] | None = None,
) -> Floats:
    """Return what each network makes of each season; what it saw is added to a list."""
    for house in range(batch.houses):
        batch.plant(house, starts[house % len(starts)])
    worth = np.zeros(batch.houses)
    for _ in range(batch.steps):
        told = batch.told()
        if seen is not None:
            seen.append(observed(told, batch.dials))
        wanted = network.wanted(told.reshape(len(rows), len(starts), -1), rows)
        worth += batch.worth(batch.live(reached(batch, wanted.reshape(batch.houses, -1))))
    return worth.reshape(len(rows), len(starts))
