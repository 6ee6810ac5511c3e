"""The card of a policy: what goes in and comes out, what it learned from, how it did."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import isfinite, nan
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tokkatot.climate.control.crop import GREENHOUSE_SEEN
from tokkatot.climate.control.dials import COOP_DIALS, GREENHOUSE_DIALS, Dials
from tokkatot.climate.control.fields import Field
from tokkatot.climate.control.flock import COOP_SEEN
from tokkatot.climate.control.lettuce_benchmark import LETTUCE_DIALS, LETTUCE_TOLD
from tokkatot.climate.control.tariff import DEAREST, HOURS, Tariff
from tokkatot.climate.control.tomato_benchmark import TOMATO_DIALS, TOMATO_SEEN

CARD: Final = "card.json"
MODEL: Final = "policy.onnx"
FORMAT: Final = 1
SHIPPED: Final = Path(__file__).parents[1] / "policies"
LARGEST_BYTES: Final = 16 * 1024 * 1024
"""A policy is a few hundred kilobytes; what is larger is something else."""

INPUT: Final = "observation"
OUTPUT: Final = "set_points"

Named = Mapping[str, float]
"""Numbers by their names."""

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Factor = Annotated[float, Meta(gt=0, le=DEAREST)]
ByTheHour = Annotated[tuple[Factor, ...], Meta(min_length=HOURS, max_length=HOURS)]


class PolicyRefused(Exception):
    """A policy that is not whole, not the described one or not for this program; one line."""


class House(StrEnum):
    """What kind of house a policy steers."""

    COOP = "coop"
    GREENHOUSE = "greenhouse"
    LETTUCE = "lettuce"
    TOMATO_BENCHMARK = "tomato_benchmark"
    """Published benchmarks, both; no hub has such a house."""


_SEEN = {
    House.COOP: COOP_SEEN,
    House.GREENHOUSE: GREENHOUSE_SEEN,
    House.LETTUCE: LETTUCE_TOLD,
    House.TOMATO_BENCHMARK: TOMATO_SEEN,
}
_DIALS = {
    House.COOP: COOP_DIALS,
    House.GREENHOUSE: GREENHOUSE_DIALS,
    House.LETTUCE: LETTUCE_DIALS,
    House.TOMATO_BENCHMARK: TOMATO_DIALS,
}


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One number of the observation, in the unit that its name ends with."""

    name: Name
    low: float
    high: float


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One set-point: its ends, and the most that it moves from one decision to the next."""

    name: Name
    low: float
    high: float
    step: Positive


class WeatherSeen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Weather that the policy learned from, or was judged on."""

    name: Name
    days: Positive
    sha256: str


class Learning(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the policy came about."""

    seed: int
    steps: Count
    """Decisions that it learned from."""
    configuration_sha256: str
    weather: tuple[WeatherSeen, ...]


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mean over seasons, and the ends that hold it 95 times in 100."""

    mean: float
    low: float
    high: float


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a controller did on weather that the policy never saw."""

    controller: Name
    """`policy`, or the name of a rival."""
    name: Name
    unit: str
    value: Interval
    less_policy: Interval | None = None
    """What the rival has more than the policy, season by season."""


class HeldOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What came of all controllers on the same seasons."""

    weather: WeatherSeen
    seasons: Count
    figures: tuple[Figure, ...]


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a person or a hub needs to know of a policy."""

    format: Literal[1] = FORMAT
    name: Name
    version: Name
    """Its name and the first of its model's hash."""
    house: House
    step_s: Positive
    """From one decision to the next."""
    model_sha256: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    learning: Learning
    held_out: tuple[HeldOut, ...]
    parity: float
    """The largest difference of an answer between the file and what was learned, in steps."""
    limits: tuple[str, ...]
    """What it must not be trusted with, in words."""
    tariff: ByTheHour | UnsetType = UNSET
    """So many times its price electricity cost in each hour; whoever asks it shows it the same."""


def dials_of(house: House) -> Dials:
    """Return the set-points that a policy for this kind of house turns."""
    return _DIALS[house]


def inputs_of(house: House) -> tuple[Field, ...]:
    """Return what a policy for this kind of house may look at: house, weather, prices, hour, dials.

    The dials are where the set-points stand now, and are told apart from what they are about.
    """
    dials = (Field(f"set_{dial.name}", dial.low, dial.high) for dial in dials_of(house))
    return (*_SEEN[house], Field("hour", 0.0, 24.0), *dials)


def named(house: House, seen: Sequence[float], hour: float, dials: Sequence[float]) -> Named:
    """Return the numbers of a moment by their names."""
    names = (field.name for field in inputs_of(house))
    return dict(zip(names, (*seen, hour, *dials), strict=True))


def tariff_of(card: Card) -> Tariff:
    """Return what a policy is shown electricity to cost by the hour."""
    return Tariff() if card.tariff is UNSET else Tariff(electricity=card.tariff)


def observation(card: Card, moment: Named) -> tuple[float, ...]:
    """Return what the file takes: the numbers that its card names, each held to its ends.

    Raises:
        PolicyRefused: where one lacks or is no number.
    """
    for wanted in card.inputs:
        if not isfinite(moment.get(wanted.name, nan)):
            raise PolicyRefused(f"{card.version} needs {wanted.name}, which is not known.")
    return tuple(min(max(moment[one.name], one.low), one.high) for one in card.inputs)


def find_policy(name: Path) -> Path:
    """Return a policy's folder: this one, or the one that is shipped under this name.

    A folder with nothing of a policy in it, such as that of a run, hides no shipped one.
    """
    shipped, owned = SHIPPED / name, any((name / part).exists() for part in (CARD, MODEL))
    return shipped if not owned and (shipped / CARD).exists() else name


def read_policy(folder: Path) -> tuple[Card, bytes]:
    """Return a policy's card and its model, once they belong together and to this program.

    Raises:
        PolicyRefused: where they don't.
    """
    model = _read(folder / MODEL)
    return checked_card(_read(folder / CARD), model), model


def checked_card(text: bytes, model: bytes) -> Card:
    """Return the card of a model, once they belong together and to this program.

    Raises:
        PolicyRefused: where they don't.
    """
    try:
        card = msgspec.json.decode(text, type=Card)
    except msgspec.MsgspecError as refused:
        raise PolicyRefused(f"{CARD}: {refused}") from None
    if hashlib.sha256(model).hexdigest() != card.model_sha256:
        raise PolicyRefused(f"{card.version} is not the model that its card describes.")
    unknown = {one.name for one in card.inputs} - {field.name for field in inputs_of(card.house)}
    if unknown:
        raise PolicyRefused(f"{card.version} looks at {min(unknown)}, which nobody measures.")
    known = tuple((dial.name, dial.low, dial.high, dial.step) for dial in dials_of(card.house))
    if tuple((one.name, one.low, one.high, one.step) for one in card.outputs) != known:
        raise PolicyRefused(f"{card.version} turns other set-points than a {card.house} has.")
    return card


def write_card(card: Card, folder: Path) -> None:
    """Write a card beside its model."""
    (folder / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(card)) + b"\n")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as refused:
        raise PolicyRefused(f"{path}: {refused.strerror}") from None
    if len(data) > LARGEST_BYTES:
        raise PolicyRefused(f"{path} is larger than a policy is.")
    return data
