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

from tokkatot.climate.physics import air
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

Records = NDArray[np.void]
"""A row a house or a moment, with the fields of a dataclass in their order."""

Model = TypeVar("Model")

_GREENHOUSE = (network, light, views, airflow, tomato, ground, exchange, step)
_COOP = (coop_airflow, birds, litter, coop_step)
_MODULES = (air, *_GREENHOUSE, *_COOP)


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
