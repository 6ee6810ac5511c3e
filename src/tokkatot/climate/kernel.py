"""The same equations compiled by numba, over many houses at once.

Numba takes each scalar function as it stands; a record of a structured NumPy array takes the place
of each dataclass, for it has the same names. Nothing else of the package imports numba, and no hub
does.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from hashlib import sha256
from os import W_OK, access
from pathlib import Path
from shutil import rmtree
from typing import TypeVar

import numba
import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from tokkatot.climate.control import (
    coop,
    crop,
    flock,
    greenhouse,
    lettuce_benchmark,
    tomato_benchmark,
)
from tokkatot.climate.physics import air, lettuce
from tokkatot.climate.physics.greenhouse import (
    airflow,
    exchange,
    ground,
    light,
    network,
    step,
    tomato,
    views,
)
from tokkatot.climate.physics.poultry import airflow as coop_airflow
from tokkatot.climate.physics.poultry import birds, litter
from tokkatot.climate.physics.poultry import step as coop_step

Floats = NDArray[np.float64]
Records = NDArray[np.void]
"""A row a house or a moment, with the fields of a dataclass in their order."""

Model = TypeVar("Model")

_GREENHOUSE = (network, light, views, airflow, tomato, ground, exchange, step)
_COOP = (coop_airflow, birds, litter, coop_step)
_LETTUCE = (lettuce, lettuce_benchmark)
_STEERED = (coop, crop, flock, greenhouse, tomato_benchmark)
_MODULES = (air, *_GREENHOUSE, *_COOP, *_LETTUCE, *_STEERED)


def record_type(kind: type) -> np.dtype[np.void]:
    """Return the dtype that stands in for a dataclass or a named tuple of numbers."""
    return np.dtype([(name, "f8") for name in _names(kind)])


def _names(kind: type) -> tuple[str, ...]:
    """Return the fields of a dataclass, or of a named tuple."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined] # a named tuple's
    return names


def records(items: Sequence[Model]) -> Records:
    """Return dataclasses of one kind as rows."""
    kind = record_type(type(items[0]))
    # `astuple` would copy each number deeply, which took most of an environment's step.
    rows = [tuple(getattr(item, name) for name in kind.names or ()) for item in items]
    return np.array(rows, kind)


def restored(record: np.void, kind: type[Model]) -> Model:
    """Return a row as the dataclass that it stands in for."""
    names = record.dtype.names or ()
    return kind(**{name: float(record[name]) for name in names})


def numbers(rows: Records) -> Floats:
    """Return the same memory as rows of plain numbers."""
    return rows.view("f8").reshape(rows.size, -1)


def _advance_greenhouses(
    states: Records,
    controls: Records,
    weather: Records,
    parameters: Records,
    ledgers: Records,
    duration_s: float,
    substeps: int,
) -> None:
    buffer = np.empty(network.SIZE)
    for house in range(states.size):
        step.advance(
            states[house],
            controls[house],
            weather[house],
            parameters[house],
            ledgers[house],
            buffer,  # type: ignore[arg-type] # a list and an array are indexed alike
            duration_s,
            substeps,
        )


def _live_in_greenhouse(
    state: Records,
    controls: Records,
    weather: Records,
    parameters: Records,
    ledger: Records,
    trace: Records,
    duration_s: float,
    substeps: int,
) -> None:
    buffer = np.empty(network.SIZE)
    for moment in range(controls.size):
        step.advance(
            state[0],
            controls[moment],
            weather[moment],
            parameters[0],
            ledger[0],
            buffer,  # type: ignore[arg-type] # a list and an array are indexed alike
            duration_s,
            substeps,
        )
        trace[moment] = state[0]


def _advance_coops(
    states: Records,
    controls: Records,
    weather: Records,
    parameters: Records,
    ledgers: Records,
    duration_s: float,
) -> None:
    for house in range(states.size):
        coop_step.advance(
            states[house],
            controls[house],
            weather[house],
            parameters[house],
            ledgers[house],
            duration_s,
        )


def _steer_coops(
    states: Records, hours: Floats, rules: Records, parameters: Records, controls: Floats
) -> None:
    for house in range(states.size):
        wanted = coop.steer_coop(states[house], hours[house], rules[house], parameters[house])
        for at in range(len(wanted)):
            controls[house, at] = wanted[at]


def _steer_greenhouses(
    states: Records, weather: Records, hours: Floats, rules: Records, controls: Floats
) -> None:
    for house in range(states.size):
        wanted = greenhouse.steer_tomatoes(
            states[house], weather[house], hours[house], rules[house]
        )
        for at in range(len(wanted)):
            controls[house, at] = wanted[at]


def _see_coops(
    states: Records, weather: Records, parameters: Records, prices: Records, seen: Floats
) -> None:
    for house in range(states.size):
        row = flock.seen_in_coop(states[house], weather[house], parameters[house], prices[house])
        for at in range(len(row)):
            seen[house, at] = row[at]


def _see_greenhouses(states: Records, weather: Records, prices: Records, seen: Floats) -> None:
    for house in range(states.size):
        row = crop.seen_in_greenhouse(states[house], weather[house], prices[house])
        for at in range(len(row)):
            seen[house, at] = row[at]


def _see_lettuces(
    states: Records, controls: Records, weather: Records, season_parts: Floats, seen: Floats
) -> None:
    for house in range(states.size):
        row = lettuce_benchmark.seen_in_lettuce(
            states[house], controls[house], weather[house], season_parts[house]
        )
        for at in range(len(row)):
            seen[house, at] = row[at]


def _pay_flocks(  # noqa: PLR0913, PLR0917 - compiled; rows of all that a step touches
    before: Records,
    before_books: Records,
    states: Records,
    books: Records,
    parameters: Records,
    prices: Records,
    limits: Records,
    duration_s: float,
    paid: Floats,
) -> None:
    for house in range(states.size):
        was, s = before[house], states[house]
        row = flock.flock_parts(
            s.birds * s.bird_kg - was.birds * was.bird_kg,
            before_books[house],
            books[house],
            s,
            parameters[house],
            prices[house],
            limits[0],
            duration_s,
        )
        for at in range(len(row)):
            paid[house, at] = row[at]


def _pay_tomatoes(
    before: Records,
    before_books: Records,
    states: Records,
    books: Records,
    parameters: Records,
    prices: Records,
    duration_s: float,
    paid: Floats,
) -> None:
    for house in range(states.size):
        row = crop.tomato_parts(
            states[house].fruit_mg_m2 - before[house].fruit_mg_m2,
            before_books[house],
            books[house],
            states[house],
            parameters[house],
            prices[house],
            duration_s,
        )
        for at in range(len(row)):
            paid[house, at] = row[at]


def _see_benchmark_tomatoes(states: Records, weather: Records, seen: Floats) -> None:
    for house in range(states.size):
        row = tomato_benchmark.seen_in_benchmark(states[house], weather[house])
        for at in range(len(row)):
            seen[house, at] = row[at]


def _pay_benchmark_tomatoes(
    before: Records,
    states: Records,
    controls: Records,
    parameters: Records,
    prices: Records,
    comfort: Records,
    duration_s: float,
    paid: Floats,
) -> None:
    for house in range(states.size):
        row = tomato_benchmark.benchmark_parts(
            states[house].fruit_mg_m2 - before[house].fruit_mg_m2,
            states[house],
            controls[house],
            parameters[house],
            prices[house],
            comfort[0],
            duration_s,
        )
        for at in range(len(row)):
            paid[house, at] = row[at]


def _live_lettuces(
    states: Records,
    controls: Records,
    weather: Records,
    parameters: Records,
    prices: Records,
    comfort: Records,
    duration_s: float,
    paid: Floats,
) -> None:
    for house in range(states.size):
        before = states[house].dry_weight_kg_m2
        lettuce.advance(
            states[house], controls[house], weather[house], parameters[house], duration_s
        )
        row = lettuce_benchmark.lettuce_earned(
            before, states[house], controls[house], prices[house], comfort[0], duration_s
        )
        for at in range(len(row)):
            paid[house, at] = row[at]


def _compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Compile, and keep the machine code where only these very sources find it.

    Numba looks at the age of the file that it compiles and not of those that it calls, so that its
    own folder would outlive a change of the physics.
    """
    code = b"".join(Path(inspect.getfile(module)).read_bytes() for module in _MODULES)
    home = Path(__file__).parent / "__pycache__"
    folder = home / f"kernel-{sha256(code).hexdigest()[:16]}"
    kept = access(home if home.exists() else home.parent, W_OK)
    if kept:
        for outdated in set(home.glob("kernel-*")) - {folder}:
            rmtree(outdated, ignore_errors=True)
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined] # read from its variables
    compiled: Callable[..., None] = numba.njit(cache=kept, error_model="numpy")(function)
    return compiled


for _module in _MODULES:
    for _name, _function in inspect.getmembers(_module, inspect.isfunction):
        if _function.__module__ == _module.__name__:
            register_jitable(_function)

advance_greenhouses = _compiled(_advance_greenhouses)
"""Carry many houses on at once, in place: rows of `State`, `Controls`, `Outdoor`, `Parameters` and
`Ledger`, then the length of the step in seconds and its substeps."""

live_in_greenhouse = _compiled(_live_in_greenhouse)
"""Carry one house through a row of controls and weather a moment, each as long as the step; what it
was in after each is left in the rows of `trace`."""

advance_coops = _compiled(_advance_coops)
"""Carry many poultry houses on at once, in place: rows of their `State`, `Controls`, `Outdoor`,
`Parameters` and `Ledger`, then the length of the step in seconds."""

steer_coops = _compiled(_steer_coops)
"""Write what each coop's rules ask for into rows of numbers, the fields of its `Controls`."""

steer_greenhouses = _compiled(_steer_greenhouses)
"""Write what each greenhouse's rules ask for into rows of numbers, the fields of its `Controls`."""

see_coops = _compiled(_see_coops)
"""Write what is seen of each flock into rows of numbers, in the order of `COOP_SEEN`."""

see_greenhouses = _compiled(_see_greenhouses)
"""Write what is seen of each crop into rows of numbers, in the order of `GREENHOUSE_SEEN`."""

see_lettuces = _compiled(_see_lettuces)
"""Write what is seen of each lettuce into rows of numbers, in the order of `LETTUCE_SEEN`."""

see_benchmark_tomatoes = _compiled(_see_benchmark_tomatoes)
"""Write what the benchmark shows of each crop into rows of numbers, in the order of
`TOMATO_SEEN`."""

pay_benchmark_tomatoes = _compiled(_pay_benchmark_tomatoes)
"""Write what a step of each of the benchmark's crops was worth into rows, as `TomatoParts`."""

pay_flocks = _compiled(_pay_flocks)
"""Write what a stretch of each flock's life was worth into rows of numbers, as `FlockParts`."""

pay_tomatoes = _compiled(_pay_tomatoes)
"""Write what a stretch of each crop's life was worth into rows of numbers, as `TomatoParts`."""

live_lettuces = _compiled(_live_lettuces)
"""Carry many lettuces on at once, in place, and write what it was worth, as `Earned`."""
