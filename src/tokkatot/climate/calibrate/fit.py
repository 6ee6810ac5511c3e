"""Least squares of a twin against its house's records, refused where they can't tell.

Parameters are fitted as logarithms, for all of them are above zero. Whether the records tell them
apart is read from the Jacobian as D. A. Belsley, E. Kuh and R. E. Welsch do it (Regression
Diagnostics, Wiley 1980, chapter 3): its columns at unit length, and their largest singular value
over the smallest.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import exp, inf, log, sqrt

import numpy as np
from scipy.optimize import least_squares

from tokkatot.climate.calibrate.findings import Calibration, Estimate, NotIdentified, Off, Why
from tokkatot.climate.calibrate.intervals import PARTNER, Marks, Numbers, half_intervals
from tokkatot.climate.calibrate.knobs import Knob
from tokkatot.climate.calibrate.recording import Recording
from tokkatot.climate.calibrate.subjects import Subject

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
WIDEST = log(2.0)
"""Half of the widest interval: from half to twice."""
_STEP = 1e-3
_TENTH = log(1.1)
_MOST_STEPS = 40
_MOST_LIVED = 2 * _MOST_STEPS + 8
"""Each step asks for what a house is off by and for slopes; eight more come before and after."""
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
    before, after, slopes = lived.off(start), lived.off(found.x), lived.slopes(found.x)
    _check_told(split.fitted(slopes), knobs)
    begun = lived.begun_off(found.x, split.parts_off(after, split.fit)) - after
    half = half_intervals(slopes, after, begun, split.fit, recording.days, recording.period_s)
    _check_narrow(half, knobs, found.x)
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
        return self._off(self._recording, place)

    def begun_off(self, place: Numbers, by: Numbers) -> Numbers:
        """Return the same for each reading whose first is off by so many parts of its spread."""
        wrong = np.repeat(self._recording.readings[None], len(by), axis=0)
        wrong[:, 0] += np.diag(SPREAD * by)
        return np.array(
            [self._off(replace(self._recording, readings=each), place) for each in wrong]
        )

    def slopes(self, place: Numbers) -> Numbers:
        """Return moments by readings by parameters, all houses lived through at once."""
        count = len(self._knobs)
        places = place + np.vstack((_STEP * np.eye(count), -_STEP * np.eye(count)))
        shown = self._again(self._recording, places) / SPREAD
        return np.moveaxis(shown[:count] - shown[count:], 0, -1) / (2 * _STEP)

    def _off(self, recording: Recording, place: Numbers) -> Numbers:
        shown = self._again(recording, place[None])[0]
        return np.asarray((shown - self._recording.readings) / SPREAD)

    def _again(self, recording: Recording, places: Numbers) -> Numbers:
        shown = self._subject.lived(recording, self._knobs, np.exp(places))
        self._times = min(self._times + 1, _MOST_LIVED - 1)
        self._tell(self._times, _MOST_LIVED)
        return shown


class _Split:
    """Which readings are fitted and which are kept for judging."""

    def __init__(self, recording: Recording, parameters: int) -> None:
        read = np.isfinite(recording.readings)
        days = recording.days
        held = days % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        self.fit: Marks = read & ((days > 0) & ~held)[:, None]
        self.held: Marks = read & held[:, None]
        self._days = np.broadcast_to(days[:, None], read.shape)
        self.days_fitted = len(np.unique(self._days[self.fit]))
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

    def told(self, off: Numbers, chosen: Marks) -> Off:
        """Return root mean squares in units of the readings."""
        return Off(*(float(value) for value in SPREAD * self.parts_off(off, chosen)))

    def parts_off(self, off: Numbers, chosen: Marks) -> Numbers:
        """Return them in parts of the spread; not a number where nothing is chosen."""
        squares = np.where(chosen, off, 0.0) ** 2
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(squares.sum(axis=0) / chosen.sum(axis=0)))


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
