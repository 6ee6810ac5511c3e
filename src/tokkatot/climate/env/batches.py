"""Houses of one kind side by side in the kernel's rows, each in a season of its own."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import ceil
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.crop import GREENHOUSE_SEEN, TomatoParts, TomatoPrices
from tokkatot.climate.control.dials import COOP_DIALS, GREENHOUSE_DIALS, Dials
from tokkatot.climate.control.fields import Field
from tokkatot.climate.control.flock import COOP_SEEN, FlockParts, FlockPrices
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.lettuce_benchmark import (
    FORESEEN,
    FORESEEN_STEPS,
    LETTUCE_DIALS,
    LETTUCE_SEEN,
    LETTUCE_TOLD,
    Comfort,
    Earned,
    Prices,
)
from tokkatot.climate.control.tariff import Tariff
from tokkatot.climate.control.tomato_benchmark import (
    BEGINS_AT,
    TOMATO_DIALS,
    TOMATO_SEEN,
    TomatoComfort,
    benchmark_comfort,
)
from tokkatot.climate.control.twins import CoopLimits
from tokkatot.climate.env.draws import (
    Begun,
    BenchmarkTomatoDraw,
    BenchmarkTomatoStart,
    FlockDraw,
    FlockStart,
    LettuceDraw,
    LettuceStart,
    Seasons,
    TomatoStart,
)
from tokkatot.climate.env.flock import STEERED_EVERY_S
from tokkatot.climate.kernel import (
    Floats,
    Records,
    advance_coops,
    advance_greenhouses,
    live_lettuces,
    numbers,
    pay_benchmark_tomatoes,
    pay_flocks,
    pay_tomatoes,
    record_type,
    records,
    see_benchmark_tomatoes,
    see_coops,
    see_greenhouses,
    see_lettuces,
    steer_coops,
    steer_greenhouses,
)
from tokkatot.climate.physics import lettuce
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.greenhouse.step import SUBSTEPS
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.units import DAY_S, HOUR_S

AnyStart = FlockStart | TomatoStart | BenchmarkTomatoStart | LettuceStart
Start = TypeVar("Start", bound=AnyStart)
Steered = TypeVar("Steered", bound=FlockStart | TomatoStart)
Start_co = TypeVar("Start_co", bound=AnyStart, covariant=True)

Rows = NDArray[Any]
"""One row a house: records, numbers or counts."""

HEATING_AT_FIRST_W_M2 = 50.0
"""The published benchmark begins so."""


class Draw(Protocol[Start_co]):
    """What says how seasons begin."""

    @property
    def seasons(self) -> Seasons:
        """Where in the weather."""

    def drawn(self, chance: np.random.Generator) -> Start_co:
        """Return a start by chance."""

    def begun(self, begun: Begun, chance: np.random.Generator, /) -> Start_co:
        """Return a start in this stretch of weather, all else by chance."""


class PricedDraw(Draw[Start_co], Protocol[Start_co]):
    """One whose energy may cost more in some hours than in others."""

    @property
    def tariff(self) -> Tariff:
        """How much more."""


class Batch(ABC, Generic[Start]):
    """Many houses of one kind; what they differ in is said by those that follow.

    `values` are where the dials stand, a row a house.
    """

    dials: Dials
    fields: tuple[Field, ...]
    """What is observed, in order."""
    parts: tuple[str, ...]
    """What a step is worth is told in these, euros a m² each."""
    costs: tuple[str, ...] = ()
    """Those of them that are told as costs above zero."""
    controls: Records
    """How the actuators were in the end of the step, a row a house."""

    def __init__(self, draw: Draw[Start], houses: int) -> None:
        """Take what seasons begin in how many houses; each is planted before it lives."""
        self.draw: Draw[Start] = draw
        self.houses = houses
        self.step_s = draw.seasons.step_s
        self.steps = round(draw.seasons.days * DAY_S / self.step_s)
        self._sky, self._first = _table(draw.seasons)
        self._row = np.zeros(houses, np.int64)
        self._start_s = np.zeros(houses)
        self.lived = np.zeros(houses, np.int64)
        self.values: Floats = np.zeros((houses, len(self.dials)))
        self._outdoor: Records = self._sky[self._row]
        self._substeps = SUBSTEPS

    def coarsen(self, substeps: int) -> None:
        """Let a greenhouse live by so many short steps a long one: coarser, and sooner done."""
        self._substeps = substeps

    def plant(self, house: int, start: Start) -> None:
        """Begin a season in a house."""
        which, start_s = start.begun
        self._row[house] = self._first[which] + round(start_s / self.step_s)
        self._start_s[house] = start_s
        self.lived[house] = 0
        self._outdoor[house] = self._sky[self._row[house]]
        self._plant(house, start)

    def live(self, values: Floats) -> Floats:
        """Let a step pass with the dials at these values; return its parts, a row a house."""
        self.values[:] = values
        self._outdoor = self._sky[self._row + self.lived]
        parts = self._live()
        self.lived += 1
        return parts

    def worth(self, parts: Floats) -> Floats:
        """Return what the parts of steps come to, in euros a m²."""
        signs = [-1.0 if name in self.costs else 1.0 for name in self.parts]
        worth: Floats = parts @ np.array(signs)
        return worth

    def observed(self) -> Floats:
        """Return what is seen of each house, in the order of `fields`."""
        turn = 2.0 * np.pi * self._hours() * HOUR_S / DAY_S
        low = np.array([dial.low for dial in self.dials])
        high = np.array([dial.high for dial in self.dials])
        parts = (self.values - low) / (high - low)
        return np.column_stack((self._look(), np.sin(turn), np.cos(turn), parts))

    def told(self) -> Floats:
        """Return what a policy may look at: what is seen, the hour, the dials as they are."""
        return np.column_stack((self._look(), self._hours(), self.values))

    @abstractmethod
    def _look(self) -> Floats:
        """Return what is seen of each house, without the hour and the dials."""

    def arrays(self) -> tuple[Rows, ...]:
        """Return all that a house is in; writing into it moves the house."""
        return (self._row, self._start_s, self.lived, self.values, self._outdoor, *self._arrays())

    def copy(self, other: "Batch[Start]", house: int) -> None:
        """Make every house of this batch the one house of another."""
        for mine, theirs in zip(self.arrays(), other.arrays(), strict=True):
            mine[:] = theirs[house]

    @abstractmethod
    def _plant(self, house: int, start: Start) -> None:
        """Fill a house's rows."""

    @abstractmethod
    def _live(self) -> Floats:
        """Let the step pass; return its parts."""

    @abstractmethod
    def _arrays(self) -> tuple[Rows, ...]:
        """Return the rows that this kind keeps beside the others."""

    def _hours(self, later_s: float = 0.0) -> Floats:
        hours: Floats = (self._start_s + self.lived * self.step_s + later_s) % DAY_S / HOUR_S
        return hours


class _Kinds(NamedTuple):
    """What the rows of a kind of house are made of."""

    state: type[Any]
    ledger: type[Any]
    parameters: type[Any]
    rules: type[Any]
    prices: type[Any]
    controls: type[Any]


class _SetPoints(Batch[Steered]):
    """Houses that keep rules whose set-points are turned."""

    kinds: _Kinds

    def __init__(self, draw: PricedDraw[Steered], houses: int) -> None:
        super().__init__(draw, houses)
        self._electricity = np.array(draw.tariff.electricity)
        self._heat = np.array(draw.tariff.heat)
        kinds = self.kinds
        self.states = np.zeros(houses, record_type(kinds.state))
        self.books = np.zeros(houses, record_type(kinds.ledger))
        self._parameters = np.zeros(houses, record_type(kinds.parameters))
        self._rules = np.zeros(houses, record_type(kinds.rules))
        self._prices = np.zeros(houses, record_type(kinds.prices))
        self.controls = np.zeros(houses, record_type(kinds.controls))

    @override
    def _plant(self, house: int, start: Steered) -> None:
        self.states[house] = records([start.state])[0]
        self.books[house] = records([self.kinds.ledger()])[0]
        self._parameters[house] = records([start.parameters])[0]
        self._rules[house] = records([start.rules])[0]
        self._prices[house] = records([start.prices])[0]
        self.values[house] = [getattr(start.rules, dial.name) for dial in self.dials]

    @override
    def _arrays(self) -> tuple[Rows, ...]:
        return (self.states, self.books, self._parameters, self._rules, self._prices)

    def _prices_now(self) -> Records:
        """Return what each house pays, and is shown, in the hour that it is in."""
        now, hour = self._prices.copy(), self._hours().astype(np.int64)
        now["electricity_kwh"] *= self._electricity[hour]
        now["heat_kwh"] *= self._heat[hour]
        return now

    def _turn(self) -> None:
        for at, dial in enumerate(self.dials):
            self._rules[dial.name] = self.values[:, at]


def observed_fields(seen: Sequence[Field], dials: Dials) -> tuple[Field, ...]:
    """Return what an environment of set-points observes, in order."""
    clock = (Field("clock_sine", -1.0, 1.0), Field("clock_cosine", -1.0, 1.0))
    return (*seen, *clock, *(Field(dial.name, 0.0, 1.0) for dial in dials))


class Flocks(_SetPoints[FlockStart]):
    """Poultry houses, as `FlockSeason` lives in one."""

    dials = COOP_DIALS
    fields = observed_fields(COOP_SEEN, COOP_DIALS)
    parts = FlockParts._fields
    kinds = _Kinds(coop.State, coop.Ledger, coop.Parameters, StageRules, FlockPrices, coop.Controls)

    def __init__(self, draw: FlockDraw, houses: int, *, limits: CoopLimits | None = None) -> None:
        super().__init__(draw, houses)
        self._limits = records([limits or CoopLimits()])

    @property
    def floor_m2(self) -> Floats:
        """The floor of each house."""
        floor: Floats = self._parameters["floor_m2"]
        return floor

    @override
    def _look(self) -> Floats:
        seen = np.empty((self.houses, len(COOP_SEEN)))
        see_coops(self.states, self._outdoor, self._parameters, self._prices_now(), seen)
        return seen

    @override
    def _live(self) -> Floats:
        self._turn()
        before, begun = self.states.copy(), self.books.copy()
        wanted = numbers(self.controls)
        for part in range(round(self.step_s / STEERED_EVERY_S)):
            hours = self._hours(part * STEERED_EVERY_S)
            steer_coops(self.states, hours, self._rules, self._parameters, wanted)
            advance_coops(
                self.states, self.controls, self._outdoor, self._parameters, self.books,
                STEERED_EVERY_S,
            )  # fmt: skip
        paid = np.empty((self.houses, len(self.parts)))
        pay_flocks(
            before, begun, self.states, self.books, self._parameters, self._prices_now(),
            self._limits, self.step_s, paid,
        )  # fmt: skip
        return paid


class Tomatoes(_SetPoints[TomatoStart]):
    """Greenhouses with tomatoes, as `TomatoSeason` lives in one."""

    dials = GREENHOUSE_DIALS
    fields = observed_fields(GREENHOUSE_SEEN, GREENHOUSE_DIALS)
    parts = TomatoParts._fields
    kinds = _Kinds(
        greenhouse.State,
        greenhouse.Ledger,
        greenhouse.Parameters,
        TomatoRules,
        TomatoPrices,
        greenhouse.Controls,
    )

    @override
    def _look(self) -> Floats:
        seen = np.empty((self.houses, len(GREENHOUSE_SEEN)))
        see_greenhouses(self.states, self._outdoor, self._prices_now(), seen)
        return seen

    @override
    def _live(self) -> Floats:
        self._turn()
        before, begun = self.states.copy(), self.books.copy()
        steer_greenhouses(
            self.states, self._outdoor, self._hours(), self._rules, numbers(self.controls)
        )
        advance_greenhouses(
            self.states, self.controls, self._outdoor, self._parameters, self.books, self.step_s,
            self._substeps,
        )  # fmt: skip
        paid = np.empty((self.houses, len(self.parts)))
        pay_tomatoes(
            before, begun, self.states, self.books, self._parameters, self._prices_now(),
            self.step_s, paid,
        )  # fmt: skip
        return paid


class BenchmarkTomatoes(Batch[BenchmarkTomatoStart]):
    """Greenhouses of the published benchmark: the dials are the actuators."""

    dials = TOMATO_DIALS
    fields = observed_fields(TOMATO_SEEN, TOMATO_DIALS)
    parts = TomatoParts._fields

    def __init__(
        self, draw: BenchmarkTomatoDraw, houses: int, *, comfort: TomatoComfort | None = None
    ) -> None:
        super().__init__(draw, houses)
        self._comfort = records([comfort or benchmark_comfort()])
        self.states = np.zeros(houses, record_type(greenhouse.State))
        self.books = np.zeros(houses, record_type(greenhouse.Ledger))
        self._parameters = np.zeros(houses, record_type(greenhouse.Parameters))
        self._prices = np.zeros(houses, record_type(TomatoPrices))
        self.controls = np.zeros(houses, record_type(greenhouse.Controls))

    def ruled(self, rules: Records) -> Floats:
        """Return where the rules of each house, a row of `TomatoRules`, want its actuators."""
        wanted = np.zeros(self.houses, record_type(greenhouse.Controls))
        outdoor = self._sky[self._row + np.minimum(self.lived, self.steps - 1)]
        steer_greenhouses(self.states, outdoor, self._hours(), rules, numbers(wanted))
        return np.column_stack([wanted[dial.name] for dial in self.dials])

    @override
    def _look(self) -> Floats:
        seen = np.empty((self.houses, len(TOMATO_SEEN)))
        see_benchmark_tomatoes(self.states, self._outdoor, seen)
        return seen

    @override
    def _plant(self, house: int, start: BenchmarkTomatoStart) -> None:
        self.states[house] = records([start.state])[0]
        self.books[house] = records([greenhouse.Ledger()])[0]
        self._parameters[house] = records([start.parameters])[0]
        self._prices[house] = records([start.prices])[0]
        self.values[house] = BEGINS_AT

    @override
    def _live(self) -> Floats:
        for at, dial in enumerate(self.dials):
            self.controls[dial.name] = self.values[:, at]
        before = self.states.copy()
        advance_greenhouses(
            self.states, self.controls, self._outdoor, self._parameters, self.books, self.step_s,
            self._substeps,
        )  # fmt: skip
        paid = np.empty((self.houses, len(self.parts)))
        pay_benchmark_tomatoes(
            before, self.states, self.controls, self._parameters, self._prices, self._comfort,
            self.step_s, paid,
        )  # fmt: skip
        return paid

    @override
    def _arrays(self) -> tuple[Rows, ...]:
        return (self.states, self.books, self._parameters, self._prices)


class Lettuces(Batch[LettuceStart]):
    """Greenhouses with lettuce, as `LettuceEnv` lives in one: the dials are the actuators.

    Beside what that shows stand the weather of the steps ahead, the hour and the actuators' parts.
    """

    dials = LETTUCE_DIALS
    fields = observed_fields(LETTUCE_TOLD, LETTUCE_DIALS)
    parts = Earned._fields
    costs = ("heat", "co2", "violations")

    def __init__(self, draw: LettuceDraw, houses: int) -> None:
        super().__init__(draw, houses)
        self._comfort = records([Comfort()])
        self.states = np.zeros(houses, record_type(lettuce.State))
        self.controls = np.zeros(houses, record_type(lettuce.Controls))
        self._parameters = np.zeros(houses, record_type(lettuce.Parameters))
        self._prices = np.zeros(houses, record_type(Prices))

    @override
    def _look(self) -> Floats:
        # Seen is the weather of the step that comes, and after the last one still the last.
        ahead = np.minimum(self.lived, self.steps - 1)
        seen = np.empty((self.houses, len(LETTUCE_SEEN)))
        see_lettuces(
            self.states, self.controls, self._sky[self._row + ahead], self.lived / self.steps, seen
        )
        later = ahead[:, None] + np.arange(1, FORESEEN_STEPS + 1)
        sky = self._sky[self._row[:, None] + np.minimum(later, self.steps - 1)]
        return np.column_stack((seen, *(sky[name] for name, _ in FORESEEN)))

    @override
    def _plant(self, house: int, start: LettuceStart) -> None:
        self.states[house] = records([start.state])[0]
        self._parameters[house] = records([start.parameters])[0]
        self._prices[house] = records([start.prices])[0]
        self.controls[house] = (0.0, 0.0, HEATING_AT_FIRST_W_M2)
        self.values[house] = (0.0, 0.0, HEATING_AT_FIRST_W_M2)

    @override
    def _live(self) -> Floats:
        numbers(self.controls)[:] = self.values
        paid = np.empty((self.houses, len(self.parts)))
        live_lettuces(
            self.states, self.controls, self._outdoor, self._parameters, self._prices,
            self._comfort, self.step_s, paid,
        )  # fmt: skip
        return paid

    @override
    def _arrays(self) -> tuple[Rows, ...]:
        return (self.states, self.controls, self._parameters, self._prices)


def _table(seasons: Seasons) -> tuple[Records, list[int]]:
    """Return all weather in steps, one series after the other, and the row each begins at."""
    rows: list[Outdoor] = []
    first = []
    for series in seasons.weathers:
        first.append(len(rows))
        steps = ceil(series.duration_s / seasons.step_s)
        rows += [series.at(step * seasons.step_s) for step in range(steps)]
    return records(rows), first
