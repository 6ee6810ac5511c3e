"""What stands between a policy and the set-points of a house: it narrows, doubts and refuses.

A policy may be wrong, silent or absent, and so may sensors and the twin. Whatever happens, the
rules that somebody set by hand are back in force in the same decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from math import inf, isfinite
from typing import Generic, NamedTuple, Protocol, TypeVar

from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import Dials, Rules, at_rest, positions, reachable, turned
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.held import HeldRules
from tokkatot.climate.physics.outdoor import Outdoor

Steered_contra = TypeVar("Steered_contra", StageRules, TomatoRules, HeldRules, contravariant=True)

LIFETIME_S = 1200.0
"""So long a set-point lives that nobody renews, and so far the twin looks ahead."""
GAIN = 0.03
"""What a policy has to spare a house that leaves its limits anyway, in the twin's own measure."""

ALIKE = 1.02
"""Through the leaks of a house that is shut there comes a little less where it is less warm."""


class Refusal(StrEnum):
    """Why the rules are in force and not the policy."""

    POLICY = "policy"
    """It gave no answer, or one that is no number."""
    SENSOR = "sensor"
    """A reading lacks, is old, or can't be."""
    ASTRAY = "astray"
    """The house does not do what its twin foretold: a sensor, an actuator or the twin is wrong."""
    DANGER = "danger"
    """The twin leaves its limits, and would not under the rules."""
    SETTLING = "settling"
    """All is well again, but not for long enough."""


class Climate(NamedTuple):
    """What a house's own air is like."""

    air_c: float
    humidity_pct: float
    co2_ppm: float


LOWEST = Climate(air_c=-20.0, humidity_pct=1.0, co2_ppm=250.0)
HIGHEST = Climate(air_c=60.0, humidity_pct=100.0, co2_ppm=10_000.0)
ASTRAY = Climate(air_c=2.0, humidity_pct=15.0, co2_ppm=600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the instruments of a house show; none where one is silent or not believed."""

    air_c: float | None
    humidity_pct: float | None
    co2_ppm: float | None
    age_s: float = 0.0
    """Of the oldest of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The weather and the hour of the day."""

    outdoor: Outdoor
    hour: float


class Outlook(NamedTuple):
    """What would come under some rules."""

    strain: float
    """How far the limits would be left, at worst; nought or less is within.

    Where what would come is no number it is without an end."""
    owed_s: tuple[float, ...] = ()
    """For so long birds would lack the least of air, at worst, for each way in which it may come;
    none where no dial can take it from them."""
    strains: tuple[float, ...] = ()
    """The strain of each of these ways."""


class Ahead(Protocol[Steered_contra]):
    """What is to come from one moment on, while the weather stands."""

    def of(self, rules: Steered_contra) -> Outlook:
        """Return what would come under these rules."""

    def airs_as_early(self, rules: Steered_contra, others: Steered_contra) -> bool:
        """Return whether these rules give air wherever the others would, for sure."""

    def patience_s(self, rules: Steered_contra) -> float:
        """Return for how long birds may lack air by these rules and not by those of people."""
        del rules  # whatever they are
        return LIFETIME_S


class Twin(Protocol[Steered_contra]):
    """A model of the house that lives beside it."""

    def live(self, rules: Steered_contra, moment: Moment, duration_s: float) -> None:
        """Carry the twin on as the house was steered."""

    def shown(self) -> Climate:
        """Return what the instruments ought to show now."""

    def correct(self, measured: Climate) -> None:
        """Draw the twin towards what was measured."""

    def gainsays(self) -> bool:
        """Return whether what was measured of late can't be, though it came step by step."""
        return False

    def ahead(self, moment: Moment, duration_s: float) -> Ahead[Steered_contra]:
        """Return what may come of the twin as it is now; the twin itself stays where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """From when on a reading is not believed, or the twin is not."""

    age_max_s: float = 180.0
    low: Climate = LOWEST
    high: Climate = HIGHEST
    astray: Climate = ASTRAY
    """Between what is measured and what the twin foretold one decision before."""


def is_told(outdoor: Outdoor) -> bool:
    """Return whether all of the weather is numbers."""
    return all(isfinite(getattr(outdoor, field.name)) for field in fields(outdoor))


def believed(readings: Readings, doubts: Doubts) -> Climate | None:
    """Return what was measured, or nothing where any of it can't be believed."""
    air_c, humidity_pct, ppm = readings.air_c, readings.humidity_pct, readings.co2_ppm
    if readings.age_s > doubts.age_max_s or air_c is None or humidity_pct is None or ppm is None:
        return None
    measured = Climate(air_c, humidity_pct, ppm)
    # What is not a number is not within anything.
    within = (
        low <= value <= high
        for value, low, high in zip(measured, doubts.low, doubts.high, strict=True)
    )
    return measured if all(within) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Generic[Rules]):
    """What is in force until the next decision, and why it is not the policy's."""

    rules: Rules
    refused: Refusal | None


class Shield(Generic[Rules]):
    """Decides every `step_s` whether a policy's set-points or the rules steer one house."""

    def __init__(
        self,
        base: Rules,
        dials: Dials,
        twin: Twin[Rules],
        *,
        step_s: float,
        doubts: Doubts | None = None,
        settle: int = 6,
    ) -> None:
        """Take the rules to fall back on, and after how many good decisions a policy may begin."""
        self._base: Rules = base
        self._dials = dials
        self._twin: Twin[Rules] = twin
        self._step_s = step_s
        self._doubts = doubts or Doubts()
        self._settle = settle
        self._good = 0
        self._in_force: Rules = base
        self._lived: Rules = base
        """What the house was steered by since the last decision."""
        self._before: Moment | None = None
        self._ahead: tuple[Moment, Ahead[Rules]] | None = None
        """What was asked of this decision's moment so far."""
        self.foretold: Climate | None = None
        """What the twin had expected at the last decision."""

    def decide(
        self, proposal: Sequence[float] | None, readings: Readings, moment: Moment
    ) -> Verdict[Rules]:
        """Return what is in force now; a proposal holds a value for each dial."""
        self._ahead = None
        if self._before is not None:
            self._twin.live(self._lived, self._before, self._step_s)
        if is_told(moment.outdoor):
            # In weather that is no number nothing lives: the twin goes on in the last that was one.
            self._before = moment
        refused = self._doubted(readings)
        narrowed, wanted = self._narrowed(proposal), None
        if refused is None and not narrowed:
            refused = Refusal.POLICY
        if refused is None:
            wanted = self._harmless(narrowed, moment)
            refused = Refusal.DANGER if wanted is None else None
        self._good = 0 if refused is not None else min(self._good + 1, self._settle + 1)
        if refused is None and self._good <= self._settle:
            refused = Refusal.SETTLING
        if refused is None and wanted is not None:
            self._in_force = wanted
        else:
            self._in_force = self._base
        self._lived = self._in_force
        return Verdict(rules=self._in_force, refused=refused)

    def considered(self, proposal: Sequence[float] | None, moment: Moment) -> Rules | None:
        """Return what advice there is in a proposal, None where it is none or would do harm.

        Of a proposal that takes what is all needed, the rest is advised. It is held to the ends of
        the dials; who takes it goes there in steps. It is the last to be asked for of a moment.
        """
        if proposal is None or not all(isfinite(value) for value in proposal):
            return None
        values = [
            min(max(value, dial.low), dial.high)
            for dial, value in zip(self._dials, proposal, strict=True)
        ]
        ways = values, at_rest(self._dials, values)
        advice = self._harmless([turned(self._base, self._dials, way) for way in ways], moment)
        self._ahead = None
        return advice

    def rebase(self, base: Rules) -> None:
        """Take other rules to fall back on; the dials stay where they stand."""
        values = positions(self._in_force, self._dials)
        self._base, self._in_force = base, turned(base, self._dials, values)

    def give_back(self) -> None:
        """Let the dials stand at rest at once: what was turned is somebody else's again."""
        self._in_force = self._base

    def _doubted(self, readings: Readings) -> Refusal | None:
        self.foretold = None
        measured = believed(readings, self._doubts)
        if measured is None:
            return Refusal.SENSOR
        foretold = self.foretold = self._twin.shown()
        # Astray or not: a twin that was left alone for long finds back only by what is measured.
        self._twin.correct(measured)
        # A twin that shows no number is near to nothing.
        near = (
            abs(value - expected) <= most
            for value, expected, most in zip(measured, foretold, self._doubts.astray, strict=True)
        )
        is_near = all(near) and not self._twin.gainsays()
        return None if is_near else Refusal.ASTRAY

    def _narrowed(self, proposal: Sequence[float] | None) -> list[Rules]:
        """Return what one decision may make of a proposal, whole and without what it would take."""
        if proposal is None:
            return []
        standing = positions(self._in_force, self._dials)
        whole = reachable(self._dials, standing, proposal)
        if whole is None:
            return []
        spared = reachable(self._dials, standing, at_rest(self._dials, proposal))
        return [turned(self._base, self._dials, way) for way in (whole, spared) if way is not None]

    def _harmless(self, ways: Sequence[Rules], moment: Moment) -> Rules | None:
        """Return the first of them that does no harm."""
        for at, rules in enumerate(ways):
            if rules not in ways[:at] and not self._endangers(rules, moment):
                return rules
        return None

    def _endangers(self, rules: Rules, moment: Moment) -> bool:
        if not is_told(moment.outdoor):
            return True
        if self._ahead is None or self._ahead[0] != moment:
            self._ahead = (moment, self._twin.ahead(moment, LIFETIME_S))
        ahead = self._ahead[1]
        comes = ahead.of(rules)
        if rules == self._base:
            return not comes.strain < inf
        is_within = comes.strain <= 0.0
        airs = ahead.airs_as_early(rules, self._base)
        patience_s = ahead.patience_s(rules)
        if is_within and (airs or all(owed_s <= patience_s for owed_s in comes.owed_s)):
            return False
        would_be = ahead.of(self._base)
        # Air that birds need is nothing to be weighed against warmth. Where the rules themselves
        # leave them without it, the policy does so for no longer.
        if not airs and any(
            not owed_s <= max(patience_s, anyway_s * ALIKE)
            for owed_s, anyway_s in zip(comes.owed_s, would_be.owed_s, strict=True)
        ):
            return True
        # On a day that no rules could hold, the policy has to do better than they would: a house
        # beyond its limits is no place to be wrong by a little. What is no number is not below
        # anything.
        return not is_within and not _is_better(comes, would_be)


def _is_better(one: Outlook, other: Outlook) -> bool:
    """Return whether limits are surely left by less: in one way it may come, by more in none."""
    if not (one.strain < inf and other.strain < inf):
        return False
    pairs = list(zip(one.strains, other.strains, strict=True)) or [(one.strain, other.strain)]
    is_worse = bool(one.strains) and any(not mine <= max(its, 0.0) for mine, its in pairs)
    return not is_worse and any(its > 0.0 and mine <= its - GAIN for mine, its in pairs)
