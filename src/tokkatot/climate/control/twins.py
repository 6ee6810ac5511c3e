"""Twins that live beside a house, for its shield to ask what would become of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite

from typing_extensions import override

from tokkatot.automation.state import Climate as Standing
from tokkatot.climate.control.coop import (
    AMMONIA_ALLOWED_PPM,
    CO2_ALLOWED_PPM,
    StageRules,
    steer_coop,
)
from tokkatot.climate.control.dials import Rules
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.control.held import HeldRules, held_points, regulated_at, steer_held
from tokkatot.climate.control.shield import (
    ASTRAY,
    LIFETIME_S,
    Ahead,
    Climate,
    Moment,
    Outlook,
    Twin,
)
from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_mg_m3,
    co2_ppm,
    magnus_pa,
    saturation_pa,
    vapour_g_m3,
    vapour_of_g_m3_pa,
)
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.step import advance as advance_greenhouse
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.poultry.airflow import incoming
from tokkatot.climate.physics.poultry.birds import comfort_c, stress_index_c
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM, held_mg_m3_kg
from tokkatot.climate.physics.poultry.step import advance as advance_coop

CLOSENESS = 0.5
"""Part of what the twin was off that one decision takes back: less would trail behind the house,
more would follow a sensor that wanders off."""

OFF_K = (-0.5, 0.0, 0.5)
"""By how much a coop's thermometer may be wrong: the DHT22's data sheet says half a kelvin."""
LEAST_M3_S_KG = StageRules().least_m3_s_kg
"""Of air for a bird, times its mass to 0.75: no dial of stages goes below it either."""
SURE_SHARE = 0.5
"""Of a part of the fans: so many of them may have failed, and nobody told."""
SPARING_S = 0.5 * LIFETIME_S
"""So long birds may lack air for fans that rest: they change how warm a house is, and so when its
air is shut off."""
MOST_OWED_S = 2.0 * LIFETIME_S
"""So far back it matters that birds lacked air: what is given first is given at once."""
AIRIEST = 3.0
"""Times the air that its twin knows of. Leaks and open doors leave half of what birds made, or
more; of less than a third no house breathes, but a sensor that is wrong tells it."""
PARTED = 6
"""Decisions that it takes to be sure: fans may have run that the twin holds for still, but then
birds have made as much again before the next half hour is over."""
MOST_OWN_PPM = 6000.0
"""Of a balance that no sensor draws: twice what is allowed, whatever more it comes to. Fans that
the twin does not know of may have run."""
COOP_STEP_S = 300.0
OPENING = 5
"""Minutes until a hub asks again; what birds lacked before can't be made good sooner."""
MINUTE_S = 60.0
GREENHOUSE_SHORT_S = 225.0
"""Four times the short step of a season: the air is 0.1 K off, and the answer comes in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoopLimits:
    """What a flock must not be brought to."""

    hot_over_k: float = 6.0
    """The index of heat stress over what the birds want."""
    cold_under_k: float = 5.0
    co2_ppm: float = CO2_ALLOWED_PPM
    ammonia_ppm: float = AMMONIA_ALLOWED_PPM


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenhouseLimits:
    """What a crop must not be brought to; a grower's own numbers belong here."""

    air_min_c: float = 11.0
    air_max_c: float = 34.0
    humidity_max_pct: float = 97.0
    co2_ppm: float = 2000.0


class CoopTwin(Twin[StageRules]):
    """A poultry house."""

    def __init__(
        self, state: coop.State, parameters: coop.Parameters, limits: CoopLimits | None = None
    ) -> None:
        """Take over the state, to be carried on from here."""
        self.state = state
        self._parameters = parameters
        self._limits = limits or CoopLimits()

    @override
    def live(self, rules: StageRules, moment: Moment, duration_s: float) -> None:
        _live_coop(self.state, self._parameters, rules, moment, duration_s)

    @override
    def shown(self) -> Climate:
        s = self.state
        vapour = vapour_of_g_m3_pa(s.air_c, 1e3 * s.vapour_kg_m3)
        return Climate(
            air_c=s.air_c,
            humidity_pct=min(100.0 * vapour / saturation_pa(s.air_c), 100.0),
            co2_ppm=co2_ppm(s.co2_mg_m3, s.air_c, SEA_LEVEL_PA),
        )

    @override
    def correct(self, measured: Climate) -> None:
        s, drawn = self.state, _between(self.shown(), measured)
        s.air_c = drawn.air_c
        vapour = saturation_pa(s.air_c) * drawn.humidity_pct / 100.0
        s.vapour_kg_m3 = 1e-3 * vapour_g_m3(s.air_c, vapour)
        s.co2_mg_m3 = co2_mg_m3(drawn.co2_ppm, s.air_c, SEA_LEVEL_PA)

    @override
    def ahead(self, moment: Moment, duration_s: float) -> Ahead[StageRules]:
        return StrainedAhead(self.strain, moment, duration_s)

    def strain(self, rules: StageRules, moment: Moment, duration_s: float) -> float:
        """Return how far these rules would leave the limits, at worst."""
        s, worst = replace(self.state), -1e9
        for step in range(round(duration_s / COOP_STEP_S)):
            now = replace(moment, hour=(moment.hour + step * COOP_STEP_S / 3600.0) % 24.0)
            _live_coop(s, self._parameters, rules, now, COOP_STEP_S)
            if not isfinite(s.air_c):
                return inf
            worst = max(worst, self._beyond(s, rules, now))
        return worst

    def _beyond(self, s: coop.State, rules: StageRules, moment: Moment) -> float:
        p = self._parameters
        controls = steer_coop(s, moment.hour, rules, p)
        speed_m_s = incoming(s, controls, moment.outdoor, p).speed_m_s
        return _excess(s, speed_m_s, p, self._limits)


class HeldTwin(Twin[HeldRules]):
    """A poultry house that a hub's own rules steer, minute by minute."""

    def __init__(
        self, state: coop.State, parameters: coop.Parameters, limits: CoopLimits | None = None
    ) -> None:
        """Take over the state, to be carried on from here."""
        self.state = state
        self.parameters = parameters
        self.book = coop.Ledger()
        """What it took since it was made."""
        self.gauge_ppm: float | None = None
        """The ammonia that is measured at the next correction; None where nobody measures it."""
        self.ran_share: float | None = None
        """The part of its fans that ran until the next correction, whoever wanted it; None where
        nobody has looked: then they ran as its rules have it."""
        self.standing: Standing | None = None
        """Where the house's rules stand at the next correction; None where nobody tells."""
        self._house = CoopTwin(state, parameters, limits)
        self._limits = limits or CoopLimits()
        self._climate = Standing()
        self._off_k = 0.0
        """What its thermometer shows over its air: the rules go by the one, birds by the other."""
        self._owed_s = 0.0
        """For so long the birds have lacked the least of air, what they got since taken off."""
        self._outside_mg_m3: float | None = None
        self._unshown_mg_m3 = 0.0
        """Carbon dioxide that birds and burners must have made, over what sensors drew it to."""
        self._parted = 0
        """Decisions in a row in which far less was measured."""

    @override
    def live(self, rules: HeldRules, moment: Moment, duration_s: float) -> None:
        s, p, points = self.state, self.parameters, held_points(rules)
        hours, length_s = _minutes(moment, duration_s)
        for hour in hours:
            shown_c = s.air_c + self._off_k
            self._climate = regulated_at(shown_c, points, self._climate, rules.fan_share)
            controls = self._ran(steer_held(self._climate, hour, p, rules.fans))
            flow_m3_s = incoming(s, controls, moment.outdoor, p).flow_m3_s
            advance_coop(s, controls, moment.outdoor, p, self.book, length_s)
            sure_m3_s = flow_m3_s if rules.fan_share == 1.0 else _sure_m3_s(flow_m3_s, controls)
            self._owed_s = min(self._owed_s + _owed_s(sure_m3_s, s, length_s), MOST_OWED_S)
            self._owed_s = max(self._owed_s, 0.0)
            self._unshown_mg_m3 *= _kept(flow_m3_s, p, length_s)
        self._outside_mg_m3 = moment.outdoor.co2_mg_m3

    def _ran(self, controls: coop.Controls) -> coop.Controls:
        """Return how its actuators were, by the fans that somebody has seen run."""
        ran = self.ran_share
        if ran is None:
            return controls
        p = self.parameters
        return controls._replace(
            fans=ran if p.fan_m3_s > 0.0 else 0.0,
            inlets=max(controls.inlets, ran),
            stir=ran if p.stir_m_s > 0.0 else 0.0,
        )

    @override
    def shown(self) -> Climate:
        return self._house.shown()

    @override
    def correct(self, measured: Climate) -> None:
        s = self.state
        before_mg_m3 = s.co2_mg_m3
        self._house.correct(measured)
        if self.standing is not None:
            # A twin that is off by little may have passed a threshold that its house has not.
            self._climate = self.standing
        self._off_k = measured.air_c - s.air_c
        most_mg_m3 = co2_mg_m3(MOST_OWN_PPM, s.air_c, SEA_LEVEL_PA) - s.co2_mg_m3
        self._unshown_mg_m3 = min(self._unshown_mg_m3 + before_mg_m3 - s.co2_mg_m3, most_mg_m3)
        self._parted = self._parted + 1 if self._parts(measured) else 0
        if self.gauge_ppm is None:
            return
        s.ammonia_mg_m3 = self.gauge_ppm * AMMONIA_MG_M3_PPM
        # All of it came from the litter, which then takes none of it back.
        least = s.ammonia_mg_m3 / held_mg_m3_kg(s, self.parameters)
        s.ammoniacal_kg_m2 = max(s.ammoniacal_kg_m2, least)

    @override
    def gainsays(self) -> bool:
        """Return whether so little carbon dioxide is measured that its sensor must be wrong."""
        return self._parted > PARTED

    def _parts(self, measured: Climate) -> bool:
        s = self.state
        if self._outside_mg_m3 is None:
            return False
        own_ppm = co2_ppm(s.co2_mg_m3 + self._unshown_mg_m3, s.air_c, SEA_LEVEL_PA)
        outside_ppm = co2_ppm(self._outside_mg_m3, s.air_c, SEA_LEVEL_PA)
        least_ppm = outside_ppm + (own_ppm - outside_ppm) / AIRIEST
        return measured.co2_ppm < min(own_ppm - ASTRAY.co2_ppm, least_ppm)

    @override
    def ahead(self, moment: Moment, duration_s: float) -> "HeldAhead":
        begun = replace(self.state)
        # What is foul by either balance is foul.
        begun.co2_mg_m3 += max(self._unshown_mg_m3, 0.0)
        return HeldAhead(
            begun, self._owed_s, self._climate, self._off_k, self.parameters, self._limits, moment,
            duration_s,
        )  # fmt: skip


class _Point:
    """The house at the end of a minute to come, and what followed by how it was steered."""

    __slots__ = ("after", "owed_s", "state", "strain", "worst_owed_s")

    def __init__(
        self, state: coop.State, owed_s: float, strain: float = -1e9, worst_owed_s: float = 0.0
    ) -> None:
        self.state = state
        self.owed_s = owed_s
        self.strain = strain
        """The worst of the minutes up to here, as is the other one."""
        self.worst_owed_s = worst_owed_s
        self.after: dict[coop.Controls, _Point] = {}


class HeldAhead(Ahead[HeldRules]):
    """What may come of a coop; minutes that are steered alike are lived once."""

    def __init__(
        self, begun: coop.State, owed_s: float, standing: Standing, off_k: float,
        p: coop.Parameters, limits: CoopLimits, moment: Moment, duration_s: float,
    ) -> None:  # fmt: skip
        """Begin with a state that is nobody else's."""
        self._first = _Point(begun, owed_s)
        self._standing = standing
        self._off_k = off_k
        self._parameters = p
        self._limits = limits
        self._outdoor = moment.outdoor
        self._hours, self._length_s = _minutes(moment, duration_s)
        self._book = coop.Ledger()
        self._told: dict[HeldRules, Outlook] = {}

    @override
    def of(self, rules: HeldRules) -> Outlook:
        """Return the worst of what would come where its thermometer is right and where it is not.

        A rule switches at one temperature: what is safe a hair beside it need not be.
        """
        told = self._told.get(rules)
        if told is None:
            last = [self._last(rules, self._off_k + off_k) for off_k in OFF_K]
            told = self._told[rules] = Outlook(
                strain=_worst(*(point.strain for point in last)),
                owed_s=tuple(point.worst_owed_s for point in last),
                strains=tuple(point.strain for point in last),
            )
        return told

    @override
    def airs_as_early(self, rules: HeldRules, others: HeldRules) -> bool:
        same = (rules.points, rules.fans) == (others.points, others.fans)
        return same and rules.shift_k <= others.shift_k and rules.fan_share >= others.fan_share

    @override
    def patience_s(self, rules: HeldRules) -> float:
        """Return less where fans rest."""
        return LIFETIME_S if rules.fan_share == 1.0 else SPARING_S

    def _last(self, rules: HeldRules, off_k: float) -> _Point:
        points, climate, here = held_points(rules), self._standing, self._first
        for minute, hour in enumerate(self._hours):
            shown_c = here.state.air_c + off_k
            climate = regulated_at(shown_c, points, climate, rules.fan_share)
            controls = steer_held(climate, hour, self._parameters, rules.fans)
            there = here.after.get(controls)
            if there is None:
                there = here.after[controls] = self._next(here, controls, minute)
            here = there
        return here

    def _next(self, here: _Point, controls: coop.Controls, minute: int) -> _Point:
        s, p, w = replace(here.state), self._parameters, self._outdoor
        advance_coop(s, controls, w, p, self._book, self._length_s)
        air = incoming(s, controls, w, p)
        sure_m3_s = _sure_m3_s(air.flow_m3_s, controls)
        owed_s = max(here.owed_s + _owed_s(sure_m3_s, s, self._length_s), 0.0)
        return _Point(
            s,
            owed_s,
            strain=_worst(here.strain, _excess(s, air.speed_m_s, p, self._limits)),
            # What they lack when it begins, nobody can take back.
            worst_owed_s=owed_s if minute < OPENING else _worst(here.worst_owed_s, owed_s),
        )


class StrainedAhead(Ahead[Rules]):
    """What may come of a house of which every answer is lived for itself."""

    def __init__(
        self, strain: Callable[[Rules, Moment, float], float], moment: Moment, duration_s: float
    ) -> None:
        """Ask the twin's own `strain`."""
        self._strain: Callable[[Rules, Moment, float], float] = strain
        self._moment = moment
        self._duration_s = duration_s

    @override
    def of(self, rules: Rules) -> Outlook:
        return Outlook(self._strain(rules, self._moment, self._duration_s))

    @override
    def airs_as_early(self, rules: Rules, others: Rules) -> bool:
        """Return it of the same rules alone; of others nobody knows."""
        return rules == others


class GreenhouseTwin(Twin[TomatoRules]):
    """A greenhouse with tomatoes."""

    def __init__(
        self,
        state: greenhouse.State,
        parameters: greenhouse.Parameters,
        limits: GreenhouseLimits | None = None,
    ) -> None:
        """Take over the state, to be carried on from here."""
        self.state = state
        self._parameters = parameters
        self._limits = limits or GreenhouseLimits()
        self._book = greenhouse.Ledger()
        self._buffer = [0.0] * network.SIZE

    @override
    def live(self, rules: TomatoRules, moment: Moment, duration_s: float) -> None:
        self._live(self.state, rules, moment, duration_s)

    @override
    def shown(self) -> Climate:
        s = self.state
        return Climate(
            air_c=s.air_c,
            humidity_pct=min(100.0 * s.air_pa / magnus_pa(s.air_c), 100.0),
            co2_ppm=co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA),
        )

    @override
    def correct(self, measured: Climate) -> None:
        s, drawn = self.state, _between(self.shown(), measured)
        s.air_c = drawn.air_c
        s.air_pa = magnus_pa(s.air_c) * drawn.humidity_pct / 100.0
        s.air_mg_m3 = co2_mg_m3(drawn.co2_ppm, s.air_c, SEA_LEVEL_PA)

    @override
    def ahead(self, moment: Moment, duration_s: float) -> Ahead[TomatoRules]:
        return StrainedAhead(self.strain, moment, duration_s)

    def strain(self, rules: TomatoRules, moment: Moment, duration_s: float) -> float:
        """Return how far these rules would leave the limits, at worst."""
        s, worst, limits = replace(self.state), -1e9, self._limits
        step_s = 0.5 * duration_s
        for step in range(2):
            now = replace(moment, hour=(moment.hour + step * step_s / 3600.0) % 24.0)
            self._live(s, rules, now, step_s)
            worst = _worst(
                worst,
                s.air_c - limits.air_max_c,
                limits.air_min_c - s.air_c,
                100.0 * s.air_pa / magnus_pa(s.air_c) - limits.humidity_max_pct,
                10.0 * (co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA) / limits.co2_ppm - 1.0),
            )
        return worst

    def _live(
        self, s: greenhouse.State, rules: TomatoRules, moment: Moment, duration_s: float
    ) -> None:
        controls = steer_tomatoes(s, moment.outdoor, moment.hour, rules)
        advance_greenhouse(
            s, controls, moment.outdoor, self._parameters, self._book, self._buffer, duration_s,
            max(round(duration_s / GREENHOUSE_SHORT_S), 1),
        )  # fmt: skip


def _minutes(moment: Moment, duration_s: float) -> tuple[list[float], float]:
    """Return the hour of day of each minute of a while, and how long one is."""
    count = max(round(duration_s / MINUTE_S), 1)
    length_s = duration_s / count
    return [(moment.hour + n * length_s / 3600.0) % 24.0 for n in range(count)], length_s


def _sure_m3_s(flow_m3_s: float, controls: coop.Controls) -> float:
    """Return the air that is surely moved: all fans make good who failed, a part does not."""
    return flow_m3_s if controls.fans in {0.0, 1.0} else SURE_SHARE * flow_m3_s


def _owed_s(flow_m3_s: float, s: coop.State, duration_s: float) -> float:
    """Return for how much longer birds lack the least of air after a while with this much."""
    least_m3_s = LEAST_M3_S_KG * s.birds * s.bird_kg**0.75
    return duration_s * (1.0 - flow_m3_s / least_m3_s) if least_m3_s > 0.0 else -inf


def _kept(flow_m3_s: float, p: coop.Parameters, duration_s: float) -> float:
    """Return the part of a surplus in the air that this much air leaves in it, as a step has it."""
    stored = p.air_m3 / duration_s
    return stored / (stored + flow_m3_s)


def _excess(s: coop.State, speed_m_s: float, p: coop.Parameters, limits: CoopLimits) -> float:
    """Return the worst excess: in K, and gases in tenths of what is allowed."""
    wanted_c = comfort_c(s.age_d, p)
    # The index is never over the air itself: what is within by the one is within by the other.
    hot_k = s.air_c - wanted_c - limits.hot_over_k
    if hot_k > 0.0 or not isfinite(s.vapour_kg_m3):
        index_c = stress_index_c(s.air_c, s.vapour_kg_m3, speed_m_s)
        hot_k = index_c - wanted_c - limits.hot_over_k
    ppm = co2_ppm(s.co2_mg_m3, s.air_c, SEA_LEVEL_PA)
    ammonia = s.ammonia_mg_m3 / AMMONIA_MG_M3_PPM
    return _worst(
        hot_k,
        wanted_c - limits.cold_under_k - s.air_c,
        10.0 * (ppm / limits.co2_ppm - 1.0),
        10.0 * (ammonia / limits.ammonia_ppm - 1.0),
    )


def _worst(*excesses: float) -> float:
    """Return the largest, without an end where one is no number: nobody knows what comes there."""
    return max(excesses) if isfinite(sum(excesses)) else inf


def _live_coop(
    s: coop.State, p: coop.Parameters, rules: StageRules, moment: Moment, duration_s: float
) -> None:
    if not isfinite(s.air_c):
        # Stages can't be counted, and what is no number stays none: nobody believes such a twin.
        return
    controls = steer_coop(s, moment.hour, rules, p)
    advance_coop(s, controls, moment.outdoor, p, coop.Ledger(), duration_s)


def _between(foretold: Climate, measured: Climate) -> Climate:
    """Return where one correction leaves the twin."""
    drawn = (was + CLOSENESS * (now - was) for was, now in zip(foretold, measured, strict=True))
    return Climate(*drawn)
