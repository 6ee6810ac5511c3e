"""Draws the tables of the safety page from the code; `python -m tests.support.draw_safety`."""

import re
from pathlib import Path

from tokkatot.automation.guards import (
    COOL_DOWN_S,
    DRY_RUN_RETRY_S,
    DRY_RUN_RISE_PERCENT,
    DRY_RUN_STRIKES,
    PUMP_MINIMUM_OFF_S,
)
from tokkatot.automation.interlocks import TABLE, Effect, Interlock
from tokkatot.automation.plan import (
    DRY_RUN_WINDOW_S,
    NO_FLOW_WINDOW_S,
    STALE_AT_LEAST_S,
    STALE_PERIODS,
    WATER_PERIODS,
    Trait,
)
from tokkatot.automation.plausibility import APART_C, APART_FOR_S, STUCK_AFTER_S
from tokkatot.domain.desired import MOST_STARTS_PER_HOUR
from tokkatot.domain.devices import ACTUATORS, OFF, rest_level
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.quantities import Quantity

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "safety.md"

_TRAITS = {
    Trait.COOP_AIR: "air of a coop",
    Trait.AIR: "air of a greenhouse",
    Trait.HEAT: "heat",
    Trait.WATER: "water pump",
    Trait.MOTION: "what moves",
    Trait.OTHER: "the rest",
}
_EFFECTS = {Effect.FREE: "–", Effect.RUN: "on", Effect.STOP: "off", Effect.KEEP: "as it is"}
_NAMES = {
    Interlock.HARD_LIMIT: "hard temperature limit",
    Interlock.SOFTWARE_STOP: "software stop",
    Interlock.SENSOR_STALE: "no believed thermometer",
    Interlock.COOL_DOWN: "on for too long",
    Interlock.DRY_RUN: "pump runs dry",
    Interlock.MINIMUM_OFF: "pump has just stopped",
    Interlock.STARTS: "too many starts",
    Interlock.EXCLUDED: "must not run beside another",
    Interlock.SETTLING: "has just changed (not for people)",
}


def _conflicts() -> str:
    lines = [
        f"| | {' | '.join(_TRAITS[trait] for trait in Trait)} |",
        f"|---|{'---|' * len(Trait)}",
    ]
    for interlock in Interlock:
        cells = [_EFFECTS[TABLE[interlock].get(trait, Effect.FREE)] for trait in Trait]
        lines.append(f"| {_NAMES[interlock]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _limits() -> str:
    hard = {kind: DEFAULT_SETPOINTS[kind].temperature_hard_max_c for kind in HouseKind}
    stuck_h = STUCK_AFTER_S[Quantity.TEMPERATURE] / 3600
    return f"""\
- Hard temperature limit: {hard[HouseKind.COOP]:g} °C in a coop and
  {hard[HouseKind.GREENHOUSE]:g} °C in a greenhouse, unless set otherwise.
- A sensor is not believed after {STALE_PERIODS} of its periods without a word, at least
  {STALE_AT_LEAST_S:g} s; a thermometer not after {stuck_h:g} h of the very same value.
- Two thermometers more than {APART_C:g} °C apart for {APART_FOR_S:g} s: the worse one counts, and
  a person is told.
- A pump stops after {DRY_RUN_WINDOW_S:g} s without a rise of the level or {NO_FLOW_WINDOW_S:g} s
  without flow, tries again after {DRY_RUN_RETRY_S:g} s, and stays off after {DRY_RUN_STRIKES} times
  until a person resets it or switches it off by hand. The count begins anew with a rise of
  {DRY_RUN_RISE_PERCENT:g} % or, where no level is told, with {NO_FLOW_WINDOW_S:g} s of flow. Where
  the sensor reports more slowly, {WATER_PERIODS} of its periods are waited for: a pump is guarded
  as well as its sensor is quick. While the pump's node is away it waits the same way, but none of
  these times counts.
- A pump rests for {PUMP_MINIMUM_OFF_S:g} s between two runs.
- What was on for its longest time rests for {COOL_DOWN_S:g} s.
- Nothing starts more than {MOST_STARTS_PER_HOUR} times in an hour; a coop's fan that would have to
  stays on."""


def _roles() -> str:
    lines = [
        "| device | rests (coop / greenhouse) | longest on | a person's on / off lasts |",
        "|---|---|---|---|",
    ]
    for role, spec in ACTUATORS.items():
        rests = " / ".join("off" if rest_level(role, kind) == OFF else "on" for kind in HouseKind)
        longest = "no limit"
        if spec.max_on_s is not None:
            longest = _for(spec.max_on_s)
            if spec.ventilates:
                longest += " (never in a coop)"
        tap = f"{_for(spec.tap_on_s)} / {_for(spec.tap_off_s)}"
        lines.append(f"| {role.replace('_', ' ')} | {rests} | {longest} | {tap} |")
    return "\n".join(lines)


def _for(seconds: int) -> str:
    return f"{seconds / 60:g} min" if seconds >= 120 else f"{seconds} s"


def drawn(page: str) -> str:
    """Return the page with each part between its marks drawn anew."""
    parts = {"conflicts": _conflicts(), "limits": _limits(), "roles": _roles()}
    for name, text in parts.items():
        begin, end = f"<!-- drawn: {name} -->", "<!-- end -->"
        found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        assert len(found.findall(page)) == 1, f"the page has one place for {name}"
        page = found.sub(f"{begin}\n{text}\n{end}", page)
    return page


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
