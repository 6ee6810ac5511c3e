"""What people's own rules and an autopilot ask of the actuators of all houses, beside schedules."""

from collections.abc import Mapping, Sequence

from tokkatot.automation.lending import SPARED, spared
from tokkatot.automation.regulation import obey
from tokkatot.automation.setting import Setting
from tokkatot.automation.state import RuledHouse, State
from tokkatot.automation.turn import Turn
from tokkatot.domain.ids import HouseId


def rule_houses(
    settings: Sequence[Setting], state: State, turn: Turn, now_s: float
) -> Mapping[HouseId, RuledHouse]:
    """Add to what the schedules ask what rules do, and then which fans may rest beside them.

    Returns where the rules of each house stand.
    """
    ruled: dict[HouseId, RuledHouse] = {}
    for setting in settings:
        house = setting.house
        if house.rules:
            ruled[house.id] = _obeyed(setting, state, turn, now_s)
        for fan in spared(house.actuators, setting.climate, state, turn.asked, now_s):
            turn.asked.setdefault(fan, []).append(SPARED)
    return ruled


def _obeyed(setting: Setting, state: State, turn: Turn, now_s: float) -> RuledHouse:
    """Let the rules that people wrote for a house ask."""
    house = setting.house
    before, believed = state.ruled.get(house.id), setting.senses.believed
    obeyed = obey(house.rules, before, believed, state.known, now_s)
    for rule in obeyed.rules:
        for device_id, proposal in rule.asks:
            turn.asked.setdefault(device_id, []).append(proposal)
    return obeyed
