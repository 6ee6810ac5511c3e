"""The demo farm fits the simulated houses behind it."""

import pytest

from tokkatot.domain.devices import is_actuator
from tokkatot.domain.people import MemberRole
from tokkatot.sim.farm import DEMO_FARM, DemoHouse
from tokkatot.sim.houses import build_house


@pytest.mark.parametrize("house", DEMO_FARM.houses, ids=lambda house: house.name)
def test_every_device_is_wired_to_a_channel_that_the_house_has(house: DemoHouse) -> None:
    world = build_house(house.kind, seed=house.seed, options=house.options)
    wired = [device for device in house.devices if device.channel is not None]
    outputs = {device.channel for device in wired if is_actuator(device.role)}
    inputs = [f"{device.channel}.{quantity}" for device in wired for quantity in device.quantities]
    assert outputs <= set(world.outputs)
    assert [channel for channel in inputs if world.read(channel) is None] == []


def test_hardware_ids_are_unique_on_the_farm() -> None:
    labels = [house.hardware_id(device) for house in DEMO_FARM.houses for device in house.devices]
    assert len(labels) == len(set(labels))


def test_there_is_one_account_of_each_kind() -> None:
    assert [account.role for account in DEMO_FARM.accounts] == [
        MemberRole.OWNER,
        MemberRole.MANAGER,
        MemberRole.VIEWER,
        None,
    ]


def test_present_birds_fit_the_simulated_flock() -> None:
    coops = [house for house in DEMO_FARM.houses if house.chicken_type is not None]
    assert [house.present_count for house in coops] == [house.options["birds"] for house in coops]
