"""The program that learns a policy for one house, in its fitted twin and its own weather."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from tokkatot.climate.control.dials import COOP_DIALS
from tokkatot.climate.control.tariff import Factors
from tokkatot.climate.physics.known import House
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.series import WeatherSeries
from tokkatot.cloud.jobs.program import Refused, Tell, answer_task
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.twins.built import Twin

if TYPE_CHECKING:
    from tokkatot.climate.kernel import Floats
    from tokkatot.climate.plan import HousePlan
    from tokkatot.climate.policy.card import HeldOut, WeatherSeen
    from tokkatot.climate.policy.running import Policy

MEMORY_BYTES: Final = 12 * 1024 * 1024 * 1024
"""Of addresses: torch and what compiles the equations reserve far more than they use."""
PROCESSOR_S: Final = 5400
SEASON_DAYS: Final = 42
"""From chicks to broilers; weather of fewer days comes again and again."""
LEARNED_SHARE: Final = 2 / 3
"""Of the days; the last ones are kept for judging."""
SEED: Final = 1
SEARCHED_SEASONS: Final = 8
"""That each candidate of the rival's set-points is tried on, each at prices of its own."""
_LEARNED: Final = 0.7
_SEARCHED: Final = 0.25
_HOURS: Final = 24


class Task(Struct, frozen=True, kw_only=True):
    """A coop as its fit found it, and its weather hour by hour from a midnight on."""

    twin: Twin
    weather: list[Outdoor]
    steps: int
    """Decisions to learn from."""
    days: float = SEASON_DAYS
    tariff: Factors | None = None
    """Of electricity, by the hour; None: it costs the same all day."""


def train(encoded: bytes, tell: Tell) -> JsonObject:
    """Return the policy's file and card, judged beside its rivals on days that it never saw.

    Raises:
        Refused: where this server lacks what learns.
    """
    task = msgspec.msgpack.decode(encoded, type=Task)
    try:
        # Here, since the cloud itself needs none of it.
        from tokkatot.climate.policy.card import CARD, MODEL, write_card  # noqa: PLC0415
        from tokkatot.climate.policy.running import Policy  # noqa: PLC0415
        from tokkatot.climate.train.exporting import export  # noqa: PLC0415
        from tokkatot.climate.train.learning import Learner  # noqa: PLC0415
    except ImportError as missing:
        raise Refused(
            f"This server lacks the extra `train`: {missing.name}.",
            Reason("server_lacks", {"extra": "train"}),
        ) from missing
    known, kept = parted(task)
    learner = Learner(_plan(task), [_repeated(known, task.days)])
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        learner.learn(folder / "run", lambda done, of: tell(_LEARNED * done / of))
        card = export(learner, [seen("learned", known)], folder)
        best = searched(task, known, lambda done, of: tell(_LEARNED + _SEARCHED * done / of))
        held = judged(task, kept, Policy.load(folder), best)
        limits = (*card.limits, f"Its held-out weather is {held.weather.days:g} days, repeated.")
        write_card(replace(card, held_out=(held,), limits=limits), folder)
        return {
            "card": b64encode((folder / CARD).read_bytes()).decode(),
            "model": b64encode((folder / MODEL).read_bytes()).decode(),
            "tuned": {
                dial.name: round(value, 6)
                for dial, value in zip(COOP_DIALS, best.tolist(), strict=True)
            },
        }


def parted(task: Task) -> tuple[list[Outdoor], list[Outdoor]]:
    """Return the days that are learned from, and the days that are kept."""
    days = len(task.weather) // _HOURS
    learned = round(LEARNED_SHARE * days) * _HOURS
    return task.weather[:learned], task.weather[learned : days * _HOURS]


def _repeated(hours: list[Outdoor], season_days: float) -> WeatherSeries:
    """Return these days again and again, so that a season may begin on each of them, once."""
    needed = round(season_days * _HOURS) + len(hours) - _HOURS
    times = -(-needed // len(hours))
    return WeatherSeries(period_s=3600.0, moments=(hours * times)[:needed])


def _plan(task: Task) -> "HousePlan":
    """Return what the shipped policy was learned by, for this house alone."""
    from tokkatot.climate.plan import (  # noqa: PLC0415
        SHIPPED,
        HousePlan,
        Judging,
        WeatherFile,
        learning_of,
        read_plan,
    )

    twin, shipped = task.twin, read_plan(SHIPPED / "tunnel.toml")
    assert twin.floor_m2 is not None, "who asks has looked"
    full = shipped.birds_m2 if twin.birds is None else (twin.birds.count / twin.floor_m2,) * 2
    return HousePlan(
        name="house",
        house="tunnel" if twin.house is House.TUNNEL else "open",
        days=task.days,
        seed=SEED,
        learn_from=(WeatherFile(file="recorded", form="csv"),),
        unsure=shipped.unsure,
        birds_m2=full,
        electricity_kwh=shipped.electricity_kwh,
        heat_to_electricity=shipped.heat_to_electricity,
        tariff=UNSET if task.tariff is None else task.tariff,
        stressed_m2_h=shipped.stressed_m2_h,
        gases_m2_h=shipped.gases_m2_h,
        learning=replace(learning_of(shipped), steps=task.steps, threads=1),
        judging=Judging(searched_seasons=SEARCHED_SEASONS),
        floor_m2=twin.floor_m2,
        built={**twin.equipped, **twin.fitted},
    )


def searched(task: Task, known: list[Outdoor], tell: "Callable[[int, int], None]") -> "Floats":
    """Return the fixed set-points, a number a dial, that do best on the days that are learned from.

    A policy that beats rules which nobody tuned has shown nothing.
    """
    from tokkatot.climate.judge.searching import tuned  # noqa: PLC0415

    return tuned(_plan(task), [_repeated(known, task.days)], tell)


def judged(task: Task, kept: list[Outdoor], policy: "Policy", best: "Floats") -> "HeldOut":
    """Return how a policy did beside the rules as they are set, and with the best fixed set-points.

    There are at most as many seasons as days were kept.
    """
    import numpy as np  # noqa: PLC0415

    from tokkatot.climate.judge.controllers import Held, Learned, Resting  # noqa: PLC0415
    from tokkatot.climate.judge.judging import compared, live, seasons  # noqa: PLC0415

    plan, unseen = _plan(task), _repeated(kept, task.days)
    starts = seasons(plan, unseen)
    all_who = {"policy": Learned(policy), "rules": Resting(), "tuned": Held(best)}
    lived = {who: live(plan, unseen, starts, steers) for who, steers in all_who.items()}
    return compared(seen("kept", kept), lived, np.random.default_rng(plan.seed))


def seen(name: str, hours: list[Outdoor]) -> "WeatherSeen":
    """Return what a card tells of recorded days, each counted once."""
    from tokkatot.climate.policy.card import WeatherSeen  # noqa: PLC0415

    told = msgspec.msgpack.encode(hours)
    return WeatherSeen(
        name=f"recorded here, {name}",
        days=len(hours) / _HOURS,
        sha256=hashlib.sha256(told).hexdigest(),
    )


if __name__ == "__main__":
    answer_task(train, memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
