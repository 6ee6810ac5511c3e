"""Who wins an actuator."""

from itertools import permutations
from uuid import UUID

import pytest
from msgspec.structs import replace

from tests.support.engine import HOUSE
from tokkatot.automation.arbitration import arbitrate
from tokkatot.automation.plan import Actuator, trait_of
from tokkatot.automation.proposals import Proposal, Source
from tokkatot.domain.devices import ACTUATORS, OFF, ON, DeviceRole, rest_level
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId


def actuator(role: DeviceRole, kind: HouseKind = HouseKind.COOP) -> Actuator:
    return Actuator(
        id=DeviceId(UUID(int=1)),
        house_id=HOUSE,
        role=role,
        trait=trait_of(role, kind),
        rest=rest_level(role, kind),
        spec=ACTUATORS[role],
        alarm_keys={},
    )


def ask(source: Source, level: float) -> Proposal:
    return Proposal(source=source, reason="test", level=level)


PERSON, SCHEDULE, RULE = ask(Source.PERSON, 10), ask(Source.SCHEDULE, 20), ask(Source.RULE, 30)


@pytest.mark.parametrize("proposals", list(permutations([PERSON, SCHEDULE, RULE])))
def test_a_person_beats_a_schedule_beats_a_rule_in_any_order(
    proposals: tuple[Proposal, ...],
) -> None:
    pump = actuator(DeviceRole.WATER_PUMP)
    assert arbitrate(pump, proposals) is PERSON
    assert arbitrate(pump, [item for item in proposals if item is not PERSON]) is SCHEDULE
    assert arbitrate(pump, [item for item in proposals if item is RULE]) is RULE


@pytest.mark.parametrize("role", [DeviceRole.FAN, DeviceRole.VENT])
def test_ventilation_of_schedules_and_rules_combines_by_maximum(role: DeviceRole) -> None:
    assert arbitrate(actuator(role), [SCHEDULE, RULE]) is RULE
    assert arbitrate(actuator(role), [replace(SCHEDULE, level=90), RULE]).level == 90


def test_a_person_may_ask_for_less_ventilation() -> None:
    assert arbitrate(actuator(DeviceRole.FAN), [PERSON, SCHEDULE, RULE]) is PERSON


def test_no_proposal_is_rest_and_not_off() -> None:
    assert arbitrate(actuator(DeviceRole.FAN), []).level == ON
    assert arbitrate(actuator(DeviceRole.FAN, HouseKind.GREENHOUSE), []).level == OFF
    assert arbitrate(actuator(DeviceRole.HEATER), []).level == OFF
    assert arbitrate(actuator(DeviceRole.HEATER), []).source is Source.REST
