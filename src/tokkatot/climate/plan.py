"""The one file that says what a policy is learned and judged on, and how."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tokkatot.climate.control.crop import TomatoPrices
from tokkatot.climate.control.flock import FlockPrices
from tokkatot.climate.control.tariff import FLAT, Tariff
from tokkatot.climate.control.tomato_benchmark import benchmark_comfort
from tokkatot.climate.env.batches import Batch, BenchmarkTomatoes, Flocks, Lettuces, Tomatoes
from tokkatot.climate.env.draws import (
    BenchmarkTomatoDraw,
    FlockDraw,
    LettuceDraw,
    Seasons,
    TomatoDraw,
)
from tokkatot.climate.physics.poultry.houses import of_floor, open_house, tunnel_house
from tokkatot.climate.physics.poultry.model import Parameters
from tokkatot.climate.physics.units import DAY_S
from tokkatot.climate.policy.card import ByTheHour, House, WeatherSeen
from tokkatot.climate.weather.altering import altered
from tokkatot.climate.weather.cells import FileRefused
from tokkatot.climate.weather.files import Form, read_file
from tokkatot.climate.weather.generator import made_up
from tokkatot.climate.weather.series import WeatherSeries

Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Ends = tuple[Positive, Positive]
Price = Positive | UnsetType
"""Where none is given, plans keep their digest."""


SHIPPED = Path(__file__).parent / "plans"

_OF_FLOCKS = {"live_kg": "live_kg", "feed_kg": "feed_kg", "flock_heat_kwh": "heat_kwh"}
_PRICES: Mapping[str, Mapping[str, str]] = {
    "tunnel": _OF_FLOCKS,
    "open": _OF_FLOCKS,
    "greenhouse": {"fruit_kg": "fruit_kg", "co2_kg": "co2_kg"},
    "lettuce": {},
    "tomato_benchmark": {},
}
"""What an owner may say that things cost in each house, by its name here and among its prices."""


class PlanRefused(Exception):
    """A plan that can't be followed; one line for a person."""


class WeatherFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of weather; its path begins where the plan lies."""

    file: str
    form: Form
    warmer_k: float = 0.0
    swing: Positive = 1.0
    """So many times as far as it was from the mean of the day around."""
    vapour: Positive = 1.0
    """So many times as much in the air, up to what that holds."""
    made_up: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    """Another year of its climate, drawn by this number; unset, plans keep their digest."""

    @property
    def is_turned(self) -> bool:
        """Whether it is warmer, wider or drier than it was."""
        return (self.warmer_k, self.swing, self.vapour) != (0.0, 1.0, 1.0)

    @property
    def is_altered(self) -> bool:
        """Whether it is told otherwise than it was measured."""
        return self.made_up is not UNSET or self.is_turned


class Learning(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How proximal policy optimisation goes about it."""

    steps: Count
    """Decisions in all."""
    houses: Count = 32
    horizon: Count = 128
    """Decisions of each house between two improvements."""
    batch: Count = 1024
    epochs: Count = 8
    rate: Positive = 1e-3
    """Falls to nothing."""
    discount: Share = 0.98
    trace: Share = 0.95
    clip: Positive = 0.2
    entropy: Annotated[float, Meta(ge=0)] = 0.0
    layers: tuple[Count, ...] = (64, 64)
    boldness: float = -0.5
    """Logarithm of how far actions scatter at first."""
    checkpoints: Count = 20
    """In how many parts the whole is kept as it stands."""
    threads: Count = 2


class Evolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an evolution strategy goes about it."""

    generations: Count
    candidates: Annotated[int, Meta(ge=4)] = 24
    """Networks that each generation tries."""
    seasons: Count = 3
    """That each is tried in, alike for all of a generation."""
    kept_seasons: Count = 3
    """Evenly over all, to choose what was learned by; no candidate is tried in one of them."""
    hidden: Annotated[int, Meta(ge=0)] = 0
    """Nodes between what is seen and what is answered; nought leaves it linear."""
    spread: Positive = 0.06
    """By how much the first networks' numbers differ."""
    substeps: Count | UnsetType = UNSET
    """Short steps of one of a greenhouse's long ones while it learns; unset as many as ever."""
    checkpoints: Count = 20
    """In how many parts the whole is kept as it stands, and judged in the kept seasons."""


class Weighing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What energy and heat stress of a flock count as against each other, in euros."""

    electricity_kwh: Positive
    stressed_m2_h: Positive


class Judging(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How controllers are compared."""

    seasons: Count = 8
    """Of each held-out weather, evenly over it; every controller lives through the same."""
    candidates: Count = 32
    rounds: Annotated[int, Meta(ge=0)] = 10
    """Of the search for the rival's set-points, on the weather that is learned from."""
    searched_seasons: Count = 2
    """That each candidate is tried on."""
    front: tuple[Weighing, ...] = ()
    """Where heat stress of a flock is held against the energy that sparing it takes."""
    ahead_steps: Annotated[int, Meta(ge=0)] = 0
    """How far the planning controller looks; nought leaves it out."""
    plans: Count = 64
    plan_rounds: Count = 3
    replan_steps: Count = 4


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    name: str
    house: Literal["tunnel", "open", "greenhouse", "lettuce", "tomato_benchmark"]
    days: Positive
    seed: int
    learn_from: Annotated[tuple[WeatherFile, ...], Meta(min_length=1)]
    judge_on: tuple[WeatherFile, ...] = ()
    first_day: Annotated[int, Meta(ge=0)] = 0
    every_days: Count = 1
    """Seasons begin on every so many days of the weather."""
    unsure: Share = 0.0
    birds_m2: Ends = (15.0, 15.0)
    electricity_kwh: Ends = (0.15, 0.15)
    heat_kwh: Ends = (0.09, 0.09)
    """Of a greenhouse."""
    heat_to_electricity: Positive | None = None
    """Of a flock: a kWh of heat costs so many times one of electricity; unset it is cheap gas."""
    tariff: ByTheHour | UnsetType = UNSET
    """So many times its price electricity costs in each hour; unset, plans keep their digest."""
    stressed_m2_h: Ends = (2e-3, 2e-3)
    gases_m2_h: Positive = FlockPrices().gases_m2_h
    live_kg: Price = UNSET
    feed_kg: Price = UNSET
    flock_heat_kwh: Price = UNSET
    """Of a flock, in euros; unset, these and the next are the usual ones."""
    fruit_kg: Price = UNSET
    co2_kg: Price = UNSET
    """Of a greenhouse; fresh fruit."""
    penalties: Positive = 1.0
    """Of the tomato benchmark: its penalties count so many times."""
    learning: Learning | UnsetType = UNSET
    evolution: Evolution | UnsetType = UNSET
    """One of both says how it learns; where this is unset, plans keep their digest."""
    judging: Judging = Judging()


class HousePlan(Plan, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan for the one house that a fit found."""

    floor_m2: Positive
    built: dict[str, float]
    """Parameters of it, by their names."""


def read_plan(path: Path) -> Plan:
    """Read and check a plan.

    Raises:
        PlanRefused: where it is none.
    """
    try:
        plan = msgspec.convert(tomllib.loads(path.read_text()), Plan)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PlanRefused(f"{path}: {error}") from None
    judged = {Path(one.file) for one in plan.judge_on}
    if any(one.made_up is not UNSET for one in plan.judge_on):
        raise PlanRefused(f"{path}: weather that is made up was never lived through to judge on")
    if any(one.made_up is not UNSET and Path(one.file) in judged for one in plan.learn_from):
        raise PlanRefused(f"{path}: what is made up of judged weather has the days of it")
    if plan.flock_heat_kwh is not UNSET and plan.heat_to_electricity is not None:
        raise PlanRefused(f"{path}: heat has one price, flock_heat_kwh or heat_to_electricity")
    if (plan.learning is UNSET) == (plan.evolution is UNSET):
        raise PlanRefused(f"{path}: how it learns is said by one table, [learning] or [evolution]")
    known = {name for names in _PRICES.values() for name in names}
    for name in sorted(known - set(_PRICES[plan.house])):
        if getattr(plan, name) is not UNSET:
            raise PlanRefused(f"{path}: {name} is no price of house {plan.house}")
    return plan


def find_plan(name: Path) -> Path:
    """Return the file of a plan: this one, or the one that is shipped under this name."""
    shipped = SHIPPED / f"{name}.toml"
    return shipped if not name.is_file() and shipped.exists() else name


def digest_of(plan: Plan) -> str:
    """Return what changes whenever the plan does."""
    return hashlib.sha256(msgspec.json.encode(plan, order="deterministic")).hexdigest()


def own_prices(plan: Plan) -> dict[str, float]:
    """Return what the plan itself says that things cost, in euros, by the names in it."""
    told = {name: getattr(plan, name) for name in _PRICES[plan.house]}
    return {name: price for name, price in told.items() if price is not UNSET}


def learning_of(plan: Plan) -> Learning:
    """Return how proximal policy optimisation learns by a plan.

    Raises:
        PlanRefused: where it learns by evolution.
    """
    if plan.learning is UNSET:
        raise PlanRefused(f"{plan.name} has no table [learning].")
    return plan.learning


def evolution_of(plan: Plan) -> Evolution:
    """Return how an evolution strategy learns by a plan.

    Raises:
        PlanRefused: where it learns otherwise.
    """
    if plan.evolution is UNSET:
        raise PlanRefused(f"{plan.name} has no table [evolution].")
    return plan.evolution


def weighed(plan: Plan, how: Weighing) -> Plan:
    """Return the plan of flocks for which energy and heat stress count so much."""
    return msgspec.structs.replace(
        plan,
        electricity_kwh=(how.electricity_kwh, how.electricity_kwh),
        stressed_m2_h=(how.stressed_m2_h, how.stressed_m2_h),
    )


def kind_of(plan: Plan) -> House:
    """Return what kind of house a policy of this plan steers."""
    match plan.house:
        case "tunnel" | "open":
            return House.COOP
        case "greenhouse":
            return House.GREENHOUSE
        case "lettuce":
            return House.LETTUCE
        case "tomato_benchmark":
            return House.TOMATO_BENCHMARK


def read_weathers(
    files: Sequence[WeatherFile], folder: Path
) -> list[tuple[WeatherSeen, WeatherSeries]]:
    """Return the weather of some files with what a card tells of it.

    Raises:
        PlanRefused: where a file is missing or no weather.
    """
    return [_weather(folder / one.file, one) for one in files]


def batch_of(plan: Plan, weathers: Sequence[WeatherSeries], houses: int) -> Batch[Any]:
    """Return so many of the plan's houses, for seasons of this weather.

    Raises:
        PlanRefused: where a weather is shorter than a season, or a benchmark has a tariff.
    """
    seasons = Seasons(
        weathers=weathers,
        days=plan.days,
        step_s=1800.0 if plan.house == "lettuce" else 900.0,
        first_day=plan.first_day,
        every_days=plan.every_days,
    )
    try:
        seasons.all()
    except ValueError as short:
        raise PlanRefused(str(short)) from None
    if plan.tariff is not UNSET and plan.house in {"lettuce", "tomato_benchmark"}:
        raise PlanRefused(f"{plan.name}: the published benchmarks know no tariff")
    match plan.house:
        case "lettuce":
            return Lettuces(LettuceDraw(seasons=seasons, unsure=plan.unsure), houses)
        case "tomato_benchmark":
            benchmark = BenchmarkTomatoDraw(seasons=seasons, unsure=plan.unsure)
            comfort = benchmark_comfort(plan.penalties)
            return BenchmarkTomatoes(benchmark, houses, comfort=comfort)
        case "greenhouse":
            crops = TomatoDraw(
                seasons=seasons,
                prices=TomatoPrices(**_given(plan)),
                unsure=plan.unsure,
                electricity_kwh=plan.electricity_kwh,
                heat_kwh=plan.heat_kwh,
                tariff=_tariff(plan),
            )
            return Tomatoes(crops, houses)
        case "tunnel" | "open":
            flocks = FlockDraw(
                seasons=seasons,
                house=_coop(plan),
                prices=FlockPrices(gases_m2_h=plan.gases_m2_h, **_given(plan)),
                birds_m2=plan.birds_m2,
                unsure=plan.unsure,
                electricity_kwh=plan.electricity_kwh,
                heat_to_electricity=plan.heat_to_electricity,
                stressed_m2_h=plan.stressed_m2_h,
                tariff=_tariff(plan),
            )
            return Flocks(flocks, houses)


def _given(plan: Plan) -> dict[str, float]:
    names = _PRICES[plan.house]
    return {names[name]: price for name, price in own_prices(plan).items()}


def _tariff(plan: Plan) -> Tariff:
    if plan.tariff is UNSET:
        return Tariff()
    # Where a flock's heat costs so many times electricity it does so in each hour.
    follows = plan.house != "greenhouse" and plan.heat_to_electricity is not None
    return Tariff(electricity=plan.tariff, heat=plan.tariff if follows else FLAT)


def _coop(plan: Plan) -> Parameters:
    built = tunnel_house() if plan.house == "tunnel" else open_house()
    if isinstance(plan, HousePlan):
        built = replace(of_floor(built, plan.floor_m2), **plan.built)
    return built


def _weather(path: Path, one: WeatherFile) -> tuple[WeatherSeen, WeatherSeries]:
    try:
        series = read_file(path, one.form)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, UnicodeDecodeError, FileRefused) as refused:
        raise PlanRefused(f"{path}: {refused}") from None
    name = path.stem
    if one.made_up is not UNSET:
        name += f", made up by {one.made_up}"
        try:
            series = made_up(series, one.made_up)
        except ValueError as short:
            raise PlanRefused(f"{path}: {short}") from None
    days = series.duration_s / DAY_S
    if one.is_turned:
        name += f" {one.warmer_k:+g} K, swing x{one.swing:g}, vapour x{one.vapour:g}"
        series = altered(series, warmer_k=one.warmer_k, swing=one.swing, vapour=one.vapour)
    return WeatherSeen(name=name, days=days, sha256=digest), series
