"""Houses that live through a recording, many at once with other parameters each."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from tokkatot.climate.calibrate.knobs import COOP_KNOBS, GREENHOUSE_KNOBS, Knob
from tokkatot.climate.calibrate.recording import Recording
from tokkatot.climate.kernel import Records, advance_coops, advance_greenhouses, records
from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_ppm,
    magnus_pa,
    saturation_pa,
    vapour_of_g_m3_pa,
)
from tokkatot.climate.physics.greenhouse import houses as greenhouses
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.poultry import houses as coops
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.weather.cells import Range

GREENHOUSE_SHORT_S = 60.0
"""About the short step of a season."""


class Subject(ABC):
    """A kind of house that can live through a recording."""

    knobs: Sequence[Knob]
    usual: Sequence[str]
    """What is fitted where nobody asks for anything."""

    parameters: greenhouse.Parameters | coop.Parameters

    def value(self, knob: Knob) -> float:
        """Return where a parameter stands."""
        return float(getattr(self.parameters, knob.name))

    @abstractmethod
    def lived(
        self, recording: Recording, fitted: Sequence[Knob], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what each house of a row of values would have shown: houses, moments, readings."""


class GreenhouseSubject(Subject):
    """A greenhouse with tomatoes."""

    knobs = GREENHOUSE_KNOBS
    usual = ("roof_par_through", "leak", "stomata_s_m")
    known: Mapping[str, Range] = {"leaf_area_m2_m2": (0.01, 12.0)}
    controls = greenhouse.Controls

    def __init__(self, parameters: greenhouse.Parameters, state: greenhouse.State) -> None:
        """Take the house as it is built, and its crop."""
        self.parameters: greenhouse.Parameters = parameters
        self._state = state

    @override
    def lived(
        self, recording: Recording, fitted: Sequence[Knob], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        built = _built(records([self.parameters]), fitted, values)
        books = records([greenhouse.Ledger()] * len(built))
        substeps = max(round(recording.period_s / GREENHOUSE_SHORT_S), 1)

        def advance(states: Records, controls: Records, weather: Records) -> None:
            advance_greenhouses(
                states, controls, weather, built, books, recording.period_s, substeps
            )

        known = {
            "leaf_mg_m2": recording.known["leaf_area_m2_m2"][:, None] / built["leaf_area_m2_mg"]
        } if "leaf_area_m2_m2" in recording.known else {}  # fmt: skip
        start = records([self._begun(recording)] * len(built))
        return _trace(recording, start, known, advance, _shown_by_greenhouse)

    def _begun(self, recording: Recording) -> greenhouse.State:
        """Return a house that has stood since long in the climate of the first row."""
        air_c, humidity_pct, ppm = _first(recording, (18.0, 80.0, 500.0))
        return greenhouses.settled(
            self._state,
            air_c=air_c,
            humidity_pct=humidity_pct,
            co2_ppm=ppm,
            ground_c=float(recording.weather["ground_c"][0]),
        )


class CoopSubject(Subject):
    """A poultry house."""

    knobs = COOP_KNOBS
    usual = ("heat_total", "heat_sensible")
    known: Mapping[str, Range] = {
        "birds": (0.0, 1e7),
        "bird_kg": (0.02, 20.0),
        "age_d": (0.0, 1000.0),
    }
    controls = coop.Controls

    def __init__(self, parameters: coop.Parameters, state: coop.State) -> None:
        """Take the house as it is built, and its flock."""
        self.parameters: coop.Parameters = parameters
        self._state = state

    @override
    def lived(
        self, recording: Recording, fitted: Sequence[Knob], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        built = _built(records([self.parameters]), fitted, values)
        books = records([coop.Ledger()] * len(built))

        def advance(states: Records, controls: Records, weather: Records) -> None:
            advance_coops(states, controls, weather, built, books, recording.period_s)

        known = {name: column[:, None] for name, column in recording.known.items()}
        start = records([self._begun(recording)] * len(built))
        return _trace(recording, start, known, advance, _shown_by_coop)

    def _begun(self, recording: Recording) -> coop.State:
        air_c, humidity_pct, ppm = _first(recording, (30.0, 60.0, 1000.0))
        return coops.settled(self._state, air_c=air_c, humidity_pct=humidity_pct, co2_ppm=ppm)


def _built(parameters: Records, fitted: Sequence[Knob], values: NDArray[np.float64]) -> Records:
    built = np.repeat(parameters, len(values))
    for column, knob in enumerate(fitted):
        for name in knob.fields:
            built[name] = values[:, column]
    return built


def _first(recording: Recording, usual: Sequence[float]) -> Sequence[float]:
    read = [float(value) for value in recording.readings[0]]
    return [value if isfinite(value) else other for value, other in zip(read, usual, strict=True)]


def _trace(
    recording: Recording,
    states: Records,
    known: Mapping[str, NDArray[np.float64]],
    advance: Callable[[Records, Records, Records], None],
    shown: Callable[[Records], NDArray[np.float64]],
) -> NDArray[np.float64]:
    moments, houses = len(recording.readings), len(states)
    controls = np.repeat(recording.controls[:1], houses)
    weather = np.repeat(recording.weather[:1], houses)
    trace = np.empty((moments, houses), states.dtype)
    for moment in range(moments):
        for name, column in known.items():
            told = np.isfinite(column[moment])
            states[name] = np.where(told, column[moment], states[name])
        trace[moment] = states
        controls[:], weather[:] = recording.controls[moment], recording.weather[moment]
        advance(states, controls, weather)
    return np.moveaxis(shown(trace.ravel()).reshape(moments, houses, 3), 0, 1)


def _shown_by_greenhouse(states: Records) -> NDArray[np.float64]:
    air = [float(value) for value in states["air_c"]]
    damp = [100.0 * pa / magnus_pa(c) for pa, c in zip(states["air_pa"], air, strict=True)]
    return _read(air, damp, states["air_mg_m3"])


def _shown_by_coop(states: Records) -> NDArray[np.float64]:
    air = [float(value) for value in states["air_c"]]
    damp = [
        100.0 * vapour_of_g_m3_pa(c, 1e3 * vapour) / saturation_pa(c)
        for vapour, c in zip(states["vapour_kg_m3"], air, strict=True)
    ]
    return _read(air, damp, states["co2_mg_m3"])


def _read(
    air: Sequence[float], damp: Sequence[float], carbon: NDArray[np.float64]
) -> NDArray[np.float64]:
    ppm = [co2_ppm(mg, c, SEA_LEVEL_PA) for mg, c in zip(carbon, air, strict=True)]
    # A hygrometer shows no more than 100 %.
    return np.column_stack((air, np.minimum(damp, 100.0), ppm))
