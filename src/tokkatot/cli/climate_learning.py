"""`tokkatot climate train`, `evaluate` and `export`: learn a policy, judge it, freeze it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokkatot.cli.progress import counted

if TYPE_CHECKING:
    from tokkatot.climate.judge.controllers import Controller
    from tokkatot.climate.judge.front import Fronts
    from tokkatot.climate.plan import Plan
    from tokkatot.climate.policy.card import Card, WeatherSeen
    from tokkatot.climate.policy.running import Policy
    from tokkatot.climate.train.evolving import Evolver
    from tokkatot.climate.train.learning import Learner
    from tokkatot.climate.weather.series import WeatherSeries

_REFUSED = 2

PlanFile = Annotated[
    Path,
    typer.Argument(
        help="A .toml file, or the name of a shipped one: lettuce, tomato_benchmark, tunnel."
    ),
]
Weather = Annotated[
    Path | None, typer.Option(help="Where the plan's weather lies; left out, beside the plan.")
]
Run = Annotated[Path, typer.Option(help="Where the run is kept; the same folder goes on.")]


def train(plan: PlanFile, run: Run, weather: Weather = None) -> None:
    """Learn a policy; what was stopped goes on where it was."""
    with _refusals():
        what, beside = _read(plan)
        learner, _ = _begun(what, weather or beside)
        learner.learn(run, counted("learned"))
    print(f"{learner.decisions} decisions were learned from.")


def export(
    plan: PlanFile,
    run: Run,
    out: Annotated[Path, typer.Option(help="Where policy.onnx and card.json are written.")],
    weather: Weather = None,
) -> None:
    """Freeze a learned policy as ONNX with its card, and prove that both agree."""
    _needs("onnx", extra="train")
    from tokkatot.climate.plan import PlanRefused

    with _refusals():
        what, beside = _read(plan)
        learner, seen = _begun(what, weather or beside)
        if not (run / learner.kept_as).exists():
            raise PlanRefused(f"{run} holds no run; `tokkatot climate train` makes one.")
        learner.recall(run / learner.kept_as)
        card = _frozen(learner, seen, out)
    print(f"{card.version}: answers differ by {card.parity:.1e} of a step at most")


def evaluate(
    plan: PlanFile,
    policy: Annotated[Path, typer.Option(help="The folder that `export` wrote.")],
    report: Annotated[Path | None, typer.Option(help="Where the HTML page is written.")] = None,
    weather: Weather = None,
) -> None:
    """Compare a policy with its rivals on the plan's judged weather; the card keeps what came."""
    _needs("numba", extra="climate")
    import msgspec
    import numpy as np

    from tokkatot.climate.judge.judging import compared, live, seasons
    from tokkatot.climate.judge.report import report as page_of
    from tokkatot.climate.plan import PlanRefused, kind_of, read_weathers
    from tokkatot.climate.policy.card import House, write_card
    from tokkatot.climate.policy.running import Policy

    with _refusals():
        (what, beside), found = _read(plan), Policy.load(policy)
        if not what.judge_on:
            raise PlanRefused(f"{plan} names no weather to judge on.")
        if what.judging.front and kind_of(what) is not House.COOP:
            raise PlanRefused(f"{plan} asks for a front of heat stress, which only a flock has.")
        known = [series for _, series in read_weathers(what.learn_from, weather or beside)]
        controllers = _rivals(what, known, found)
        judged, chance = [], np.random.default_rng(what.seed)
        unseen = read_weathers(what.judge_on, weather or beside)
        for seen, series in unseen:
            starts = seasons(what, series)
            lived = {
                who: live(what, series, starts, _watched(made(series), f"{seen.name}, {who}"))
                for who, made in controllers.items()
            }
            judged.append((compared(seen, lived, chance), lived))
        fronts = _fronts(what, known, unseen, found) if what.judging.front else {}
    card = msgspec.structs.replace(found.card, held_out=tuple(held for held, _ in judged))
    write_card(card, policy)
    for held_out in card.held_out:
        for one in held_out.figures:
            ends = f"[{one.value.low:.4g}, {one.value.high:.4g}]"
            print(
                f"{held_out.weather.name:24} {one.controller:8} {one.name:14}"
                f" {one.value.mean:10.4g} {ends:24} {one.unit}"
            )
    for name, front in fronts.items():
        for held in front.beside:
            print(f"{name:24} {held.told()}")
    if report is not None:
        report.write_text(page_of(card, judged, fronts))


def _fronts(
    plan: "Plan",
    known: "list[WeatherSeries]",
    unseen: "list[tuple[WeatherSeen, WeatherSeries]]",
    policy: "Policy",
) -> "dict[str, Fronts]":
    """Return the fronts of the policy and of stages that were tuned for each weighing."""
    import numpy as np

    from tokkatot.climate.control.dials import COOP_DIALS
    from tokkatot.climate.judge.controllers import Learned
    from tokkatot.climate.judge.front import compared_fronts
    from tokkatot.climate.judge.searching import tuned_along, with_shifts

    rows = with_shifts(
        tuned_along(plan, known, plan.judging.front, counted("searched")), COOP_DIALS
    )
    chance = np.random.default_rng(plan.seed)

    def drawn(name: str, series: "WeatherSeries") -> "Fronts":
        def watched(who: "Controller", what: str) -> "Controller":
            return _watched(who, f"{name}, {what}")

        return compared_fronts(plan, series, Learned(policy), rows, chance, watched)

    return {seen.name: drawn(seen.name, series) for seen, series in unseen}


def _watched(who: "Controller", what: str) -> "Controller":
    """Return the same controller; as it decides, a person sees how much of its seasons is lived."""
    from tokkatot.cli.watching import Watched

    return Watched(who, counted(f"{what}: lived"))


def _rivals(
    plan: "Plan", known: "list[WeatherSeries]", policy: "Policy"
) -> "dict[str, Callable[[WeatherSeries], Controller]]":
    """Return who is compared, each made for a weather; the rival's rules are searched for once."""
    import numpy as np

    from tokkatot.climate.control.greenhouse import TomatoRules
    from tokkatot.climate.judge.controllers import Banded, Grower, Held, Learned, Planner, Resting
    from tokkatot.climate.judge.searching import tuned, tuned_bands
    from tokkatot.climate.plan import batch_of

    def planner(series: "WeatherSeries") -> "Controller":
        how = plan.judging
        return Planner(
            batch_of(plan, [series], how.plans),
            np.random.default_rng(plan.seed),
            ahead_steps=how.ahead_steps,
            rounds=how.plan_rounds,
            replan_steps=how.replan_steps,
        )

    made: dict[str, Callable[[WeatherSeries], Controller]] = {"policy": lambda _: Learned(policy)}
    if plan.house == "lettuce":
        made["rules"] = lambda _: Grower()
    elif plan.house == "tomato_benchmark":
        made["rules"] = lambda _: Banded(TomatoRules())
        if plan.judging.rounds:
            found = tuned_bands(plan, known, counted("searched"))
            made["tuned"] = lambda _: Banded(found)
    else:
        made["rules"] = lambda _: Resting()
        # Along a front they are tuned for each weighing, and told there.
        if plan.judging.rounds and not plan.judging.front:
            best = tuned(plan, known, counted("searched"))
            made["tuned"] = lambda _: Held(best)
    if plan.judging.ahead_steps:
        made["planner"] = planner
    return made


def _begun(plan: "Plan", weather: Path) -> "tuple[Learner | Evolver, list[WeatherSeen]]":
    """Return what learns by a plan, at its beginning, and the weather that it learns from."""
    from msgspec import UNSET

    from tokkatot.climate.plan import read_weathers

    evolves = plan.evolution is not UNSET
    if evolves:
        _needs("numba", extra="climate")
    else:
        _needs("torch", "stable_baselines3", extra="train")
    known = read_weathers(plan.learn_from, weather)
    seen, series = [told for told, _ in known], [one for _, one in known]
    if evolves:
        from tokkatot.climate.train.evolving import Evolver

        return Evolver(plan, series), seen
    from tokkatot.climate.train.learning import Learner

    return Learner(plan, series), seen


def _frozen(learner: "Learner | Evolver", seen: "list[WeatherSeen]", out: Path) -> "Card":
    from tokkatot.climate.train.evolving import Evolver

    if isinstance(learner, Evolver):
        from tokkatot.climate.train.evolved import export as freeze_evolved

        return freeze_evolved(learner, seen, out)
    from tokkatot.climate.train.exporting import export as freeze

    return freeze(learner, seen, out)


def _read(plan: Path) -> "tuple[Plan, Path]":
    """Return a plan and the folder that it lies in."""
    from tokkatot.climate.plan import find_plan, read_plan

    found = find_plan(plan)
    return read_plan(found), found.parent


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell a person in one line what they can mend."""
    from tokkatot.climate.plan import PlanRefused
    from tokkatot.climate.policy.card import PolicyRefused

    try:
        yield
    except (PlanRefused, PolicyRefused) as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(_REFUSED) from None


def _needs(*modules: str, extra: str) -> None:
    from importlib.util import find_spec

    if any(find_spec(module) is None for module in modules):
        print(f"This needs more packages: pip install 'tokkatot[{extra}]'.", file=sys.stderr)
        raise typer.Exit(_REFUSED)
