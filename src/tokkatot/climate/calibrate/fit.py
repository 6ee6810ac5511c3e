"""Least squares of a twin against its house's records, refused where they can't tell.

Parameters are fitted as logarithms, for all of them are above zero. Whether the records tell them
apart is read from the Jacobian as D. A. Belsley, E. Kuh and R. E. Welsch do it (Regression
Diagnostics, Wiley 1980, chapter 3): its columns at unit length, and their largest singular value
over the smallest. What a twin is off by hangs together for hours, so that the moments of a day are
no independent witnesses: the intervals are from the jackknife over days, with Student's t of the
days less one (CV3 of J. G. MacKinnon, M. Ø. Nielsen and M. D. Webb, Cluster-robust inference: a
guide to empirical practice, Journal of Econometrics 232, 2023, 272-299), or the plain ones where
those are wider.
"""

from collections.abc import Callable, Sequence
from math import exp, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import t as student

from tokkatot.climate.calibrate.findings import Calibration, Estimate, NotIdentified, Off, Why
from tokkatot.climate.calibrate.knobs import Knob
from tokkatot.climate.calibrate.recording import Recording
from tokkatot.climate.calibrate.subjects import Subject

Numbers = NDArray[np.float64]
Tell = Callable[[int, int], None]

SPREAD: Numbers = np.array((0.5, 3.0, 50.0))
"""K, % and ppm that count alike: what good sensors and a good twin are off by."""

HELD_OUT_EVERY = 4
"""Each fourth day is kept for judging; the first counts for nothing, for the twin finds in."""
FEWEST_DAYS = 5
SILENT = 0.005
"""Readings that move by less of their spread (root mean square), where a parameter grows by a
tenth, tell nothing of it."""
COLLINEAR = 30.0
"""From this condition on Belsley and others call it harmful."""
PARTNER = 0.3
"""Part of the direction that nobody can see, from which a parameter counts as part of it."""
BLIND = 1e-6
"""Days whose readings move by less of what they do on all days see nothing."""
WIDEST = log(2.0)
"""Half of the widest interval: from half to twice."""
CONFIDENCE = 0.95
_STEP = 1e-3
_TENTH = log(1.1)
_MOST_STEPS = 40
_MOST_LIVED = 2 * _MOST_STEPS + 5
"""Each step asks for what a house is off by and for slopes; five more come before and after."""
_AT_END = 0.02


def calibrate(
    recording: Recording,
    subject: Subject,
    names: Sequence[str] | None = None,
    tell: Tell = lambda _done, _total: None,
) -> Calibration:
    """Fit these parameters of a house, or its usual ones; `tell` hears how far it is at most.

    Raises:
        NotIdentified: where the records are too few, don't tell a parameter or can't tell some
            apart, and where the fit does no good on days that it has not seen.
    """
    knobs = _asked(subject, names if names is not None else subject.usual)
    split = _Split(recording, len(knobs))
    start = np.log([subject.value(knob) for knob in knobs])
    lived = _Lived(recording, subject, knobs, tell)
    _check_told(split.fitted(lived.slopes(start)), knobs)
    found = least_squares(
        lambda place: split.fitted(lived.off(place)),
        start,
        jac=lambda place: split.fitted(lived.slopes(place)),
        bounds=([log(knob.low) for knob in knobs], [log(knob.high) for knob in knobs]),
        max_nfev=_MOST_STEPS,
    )
    _check_inside(found.x, knobs)
    slopes = split.fitted(lived.slopes(found.x))
    _check_told(slopes, knobs)
    half = _half_intervals(slopes, split.fitted(lived.off(found.x)), split)
    _check_narrow(half, knobs, found.x)
    before, after = lived.off(start), lived.off(found.x)
    _check_better(split.held_out(before), split.held_out(after))
    tell(_MOST_LIVED, _MOST_LIVED)
    return Calibration(
        estimates=[
            Estimate(
                knob=knob,
                before=subject.value(knob),
                value=exp(place),
                low=exp(place - width),
                high=exp(place + width),
            )
            for knob, place, width in zip(knobs, found.x, half, strict=True)
        ],
        days_fitted=split.days_fitted,
        days_held_out=split.days_held_out,
        fitted_before=split.told(before, split.fit),
        fitted_after=split.told(after, split.fit),
        held_out_before=split.told(before, split.held),
        held_out_after=split.told(after, split.held),
    )


class _Lived:
    """What a house is off by in every reading, in parts of its spread, at a place of parameters."""

    def __init__(
        self, recording: Recording, subject: Subject, knobs: Sequence[Knob], tell: Tell
    ) -> None:
        self._tell = tell
        self._times = 0
        self._recording = recording
        self._subject = subject
        self._knobs = knobs

    def off(self, place: Numbers) -> Numbers:
        """Return moments by readings."""
        shown = self._again(place[None])[0]
        return np.asarray((shown - self._recording.readings) / SPREAD)

    def slopes(self, place: Numbers) -> Numbers:
        """Return moments by readings by parameters, all houses lived through at once."""
        count = len(self._knobs)
        places = place + np.vstack((_STEP * np.eye(count), -_STEP * np.eye(count)))
        shown = self._again(places) / SPREAD
        return np.moveaxis(shown[:count] - shown[count:], 0, -1) / (2 * _STEP)

    def _again(self, places: Numbers) -> Numbers:
        shown = self._subject.lived(self._recording, self._knobs, np.exp(places))
        self._times = min(self._times + 1, _MOST_LIVED - 1)
        self._tell(self._times, _MOST_LIVED)
        return shown


class _Split:
    """Which readings are fitted and which are kept for judging."""

    def __init__(self, recording: Recording, parameters: int) -> None:
        read = np.isfinite(recording.readings)
        days = recording.days
        held = days % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        self.fit: NDArray[np.bool_] = read & ((days > 0) & ~held)[:, None]
        self.held: NDArray[np.bool_] = read & held[:, None]
        self._days = np.broadcast_to(days[:, None], read.shape)
        self.clusters = self._days[self.fit]
        self.days_fitted = len(np.unique(self.clusters))
        self.days_held_out = len(np.unique(self._days[self.held]))
        needed = max(FEWEST_DAYS, parameters + 2)
        if self.days_fitted < needed or not self.days_held_out:
            raise NotIdentified(
                Why.TOO_FEW_DAYS,
                days_fitted=self.days_fitted,
                days_held_out=self.days_held_out,
                days_needed=needed,
            )

    def fitted(self, values: Numbers) -> Numbers:
        return values[self.fit]

    def held_out(self, values: Numbers) -> Numbers:
        return values[self.held]

    def told(self, off: Numbers, chosen: NDArray[np.bool_]) -> Off:
        """Return root mean squares in units of the readings."""
        squares = np.where(chosen, off, 0.0) ** 2
        count = chosen.sum(axis=0)
        with np.errstate(invalid="ignore"):
            return Off(*(float(value) for value in SPREAD * np.sqrt(squares.sum(axis=0) / count)))


def _asked(subject: Subject, names: Sequence[str]) -> Sequence[Knob]:
    known = {knob.name: knob for knob in subject.knobs}
    for name in names:
        if name not in known:
            raise NotIdentified(Why.UNKNOWN_PARAMETER, parameter=name, known=list(known))
        knob = known[name]
        if not knob.low <= subject.value(knob) <= knob.high:
            raise NotIdentified(Why.NO_START, parameter=name)
    if not names or len(set(names)) != len(names):
        raise NotIdentified(Why.NOT_ONCE)
    return [known[name] for name in names]


def _check_told(slopes: Numbers, knobs: Sequence[Knob]) -> None:
    """Refuse parameters that move nothing, and such as can stand in for each other."""
    lengths = np.sqrt(np.sum(slopes**2, axis=0))
    for knob, length in zip(knobs, lengths, strict=True):
        if _TENTH * length / sqrt(len(slopes)) < SILENT:
            raise NotIdentified(Why.NOT_TOLD, parameter=knob.name)
    _, singular, directions = np.linalg.svd(slopes / lengths, full_matrices=False)
    condition = singular[0] / singular[-1] if singular[-1] > 0 else inf
    if condition > COLLINEAR:
        alike = [
            knob.name
            for knob, part in zip(knobs, directions[-1], strict=True)
            if abs(part) > PARTNER
        ]
        raise NotIdentified(Why.ALIKE, parameters=alike, condition=float(condition))


def _check_inside(place: Numbers, knobs: Sequence[Knob]) -> None:
    # The solver stays inside its bounds, ever nearer to them.
    for knob, found in zip(knobs, place, strict=True):
        for end in (knob.low, knob.high):
            if abs(found - log(end)) < _AT_END:
                raise NotIdentified(Why.AT_END, parameter=knob.name, end=end)


def _half_intervals(slopes: Numbers, off: Numbers, split: _Split) -> Numbers:
    """Return how far to either side each parameter may lie, in logarithms."""
    whole = slopes.T @ slopes
    plain = np.linalg.inv(whole) * np.sum(off**2) / max(len(off) - slopes.shape[1], 1)
    days = np.unique(split.clusters)
    lengths = np.sqrt(np.diag(whole))
    # How far the fit would move without a day, on the tangent.
    moved = []
    for day in days:
        gone = split.clusters == day
        part, left = slopes[gone] / lengths, off[gone]
        moved.append(_moved(slopes[~gone] / lengths, part.T @ left) / lengths)
    by_days = np.sum(np.square(moved), axis=0) * (len(days) - 1) / len(days)
    variance = np.maximum(np.diag(plain), by_days)
    quantile = float(student.ppf(0.5 + CONFIDENCE / 2, len(days) - 1))
    return np.asarray(quantile * np.sqrt(variance))


def _moved(others: Numbers, pull: Numbers) -> Numbers:
    """Return how far each parameter would move, boundless where the other days don't tell it."""
    _, singular, directions = np.linalg.svd(others, full_matrices=False)
    blind = singular < BLIND
    seen = directions[~blind]
    found: Numbers = (seen.T / singular[~blind] ** 2) @ (seen @ pull)
    # What the others see nothing of must not pass for unmoved.
    found[np.any(np.abs(directions[blind]) > PARTNER, axis=0)] = inf
    return found


def _check_narrow(half: Numbers, knobs: Sequence[Knob], place: Numbers) -> None:
    for knob, width, middle in zip(knobs, half, place, strict=True):
        if width > WIDEST:
            raise NotIdentified(
                Why.WIDE,
                parameter=knob.name,
                low=exp(max(middle - width, log(knob.low))),
                high=exp(min(middle + width, log(knob.high))),
            )


def _check_better(before: Numbers, after: Numbers) -> None:
    was, came = float(np.mean(before**2)), float(np.mean(after**2))
    if came > was:
        raise NotIdentified(Why.NO_BETTER, times=sqrt(came / was))
