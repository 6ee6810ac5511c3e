"""What a fit found, as a file that tells a twin what house it is."""

from collections.abc import Mapping, Sequence
from math import isfinite

import msgspec

from tokkatot.climate.calibrate.findings import Calibration, Off
from tokkatot.climate.calibrate.knobs import Knob, NoSuchHouse, fields_set


class CardRefused(ValueError):
    """A file that tells nothing of this house."""


class Fitted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A parameter and the interval that holds it in 95 of 100 such recordings."""

    value: float
    low: float
    high: float


class Errors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Root mean squares; null where nothing was read."""

    air_k: float | None
    humidity_pct: float | None
    co2_ppm: float | None


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is kept of a fit, for this kind of house."""

    house: str
    parameters: dict[str, Fitted]
    days_fitted: int
    days_held_out: int
    held_out_before: Errors
    held_out_after: Errors


def written_card(house: str, found: Calibration) -> bytes:
    """Return the file."""
    card = Card(
        house=house,
        parameters={
            each.knob.name: Fitted(value=each.value, low=each.low, high=each.high)
            for each in found.estimates
        },
        days_fitted=found.days_fitted,
        days_held_out=found.days_held_out,
        held_out_before=_errors(found.held_out_before),
        held_out_after=_errors(found.held_out_after),
    )
    return msgspec.json.format(msgspec.json.encode(card)) + b"\n"


def read_card(written: bytes, house: str, knobs: Sequence[Knob]) -> Mapping[str, float]:
    """Return all fields of a house's parameters that its card sets.

    Raises:
        CardRefused: where it is no card, or one of another house.
    """
    try:
        card = msgspec.json.decode(written, type=Card)
    except msgspec.DecodeError as refused:
        raise CardRefused(str(refused)) from refused
    if card.house != house:
        raise CardRefused(f"it was fitted to another kind of house: {card.house}")
    try:
        return fields_set({name: fitted.value for name, fitted in card.parameters.items()}, knobs)
    except NoSuchHouse as refused:
        raise CardRefused(str(refused)) from refused


def _errors(off: Off) -> Errors:
    air_k, humidity_pct, co2_ppm = (value if isfinite(value) else None for value in off)
    return Errors(air_k=air_k, humidity_pct=humidity_pct, co2_ppm=co2_ppm)
