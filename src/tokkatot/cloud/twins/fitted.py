"""What was found of a house's twin, as its simulation takes it."""

from collections.abc import Mapping
from math import isclose
from typing import Final

import msgspec
from msgspec.structs import replace

from tokkatot.climate.calibrate.card import CardRefused, read_card
from tokkatot.climate.calibrate.knobs import COOP_KNOBS, GREENHOUSE_KNOBS
from tokkatot.climate.physics.known import COOPS, House
from tokkatot.cloud.intelligence.model import ROUNDED, FittedTwin
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.twins.built import Twin

OTHER_FLOOR: Final = "it was fitted over another floor"


def as_built(twin: Twin) -> JsonObject:
    """Return what is kept beside a fit of how its house is built."""
    return {"floor_m2": twin.floor_m2, "equipped": twin.equipped}


def fitted_fields(
    fit: FittedTwin, known: House, *, floor_m2: float | None, equipped: Mapping[str, float]
) -> dict[str, float]:
    """Return the parameters that a fit has found, by their names, for a house as it is now.

    What was found of a device that is gone, or is rated otherwise, is left out.

    Raises:
        Unanswerable: where they are none that this program knows, or of another floor.
    """
    knobs = COOP_KNOBS if known in COOPS else GREENHOUSE_KNOBS
    try:
        found: Mapping[str, float] = read_card(msgspec.json.encode(fit.card), known, knobs)
    except CardRefused as refused:
        raise _again(str(refused)) from refused
    if not fit.is_of(floor_m2):
        raise _again(OTHER_FLOOR)
    before: Mapping[str, float] = {} if fit.built is None else fit.built["equipped"]
    return {
        name: value
        for name, value in found.items()
        if _is_there(before.get(name), equipped.get(name))
    }


def fitted_twin(fit: FittedTwin, twin: Twin) -> Twin:
    """Return a twin with what a fit has found of its house.

    Raises:
        Unanswerable: where that tells nothing of the house as it is now.
    """
    fields = fitted_fields(fit, twin.house, floor_m2=twin.floor_m2, equipped=twin.equipped)
    return replace(twin, fitted=fields)


def _is_there(before: float | None, now: float | None) -> bool:
    """Tell whether a device still is what it was when its house was fitted."""
    if now == 0.0:
        return False
    return before is None or now is None or isclose(before, now, rel_tol=ROUNDED)


def _again(why: str) -> Unanswerable:
    return Unanswerable(f"Fit the twin of the house again: {why}", Reason("fit_again"))
