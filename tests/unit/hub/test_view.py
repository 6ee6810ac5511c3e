"""What the hub shows of its devices, and when it says that something has changed."""

from dataclasses import replace
from uuid import UUID

from msgspec import structs

from tests.support.engine import IDS, Bench, device, document
from tokkatot.automation.engine import Step
from tokkatot.automation.instant import Instant
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.ids import DeviceId
from tokkatot.hub.view import WorldView
from tokkatot.wire.messages import DeviceStateRow

DISPLAY = DeviceId(UUID(int=300))


def with_display() -> DesiredDocument:
    """Return a house in which one device neither measures nor moves anything."""
    whole = document()
    return replace(whole, devices=(*whole.devices, device(DISPLAY, DeviceRole.DISPLAY)))


def shown(view: WorldView, step: Step) -> list[DeviceStateRow]:
    return view.decided(step.state, step.decisions, Instant(monotonic_s=1000.0), 0)


def settled() -> tuple[WorldView, Bench]:
    """Return a view to which everything was told, and the house that it shows."""
    view, bench = WorldView(), Bench()
    view.hold(with_display())
    bench.run(120.0)
    shown(view, bench.last)
    return view, bench


def test_where_nothing_happens_nothing_is_told_again() -> None:
    view, bench = settled()

    assert shown(view, bench.step()) == []


def test_a_device_that_only_comes_and_goes_is_told_at_once() -> None:
    view, bench = settled()

    view.contact(DISPLAY, online=True)

    assert [(row.device, row.online) for row in shown(view, bench.last)] == [(str(DISPLAY), True)]


def test_what_is_decided_anew_is_told_of_the_device_that_it_is_of() -> None:
    view, bench = settled()

    bench.order(DeviceRole.LIGHT, 100.0)

    told = shown(view, bench.last)
    assert [(row.device, row.target) for row in told] == [(str(IDS[DeviceRole.LIGHT]), 100.0)]


def test_what_a_device_says_is_told_though_nothing_else_is_decided() -> None:
    view, bench = settled()
    light = IDS[DeviceRole.LIGHT]
    burnt = structs.replace(bench.state.known[light], error="burnt")
    state = structs.replace(bench.state, known={**bench.state.known, light: burnt})

    told = shown(view, structs.replace(bench.last, state=state))

    assert [(row.device, row.error) for row in told] == [(str(light), "burnt")]


def test_a_new_document_has_its_new_devices_told() -> None:
    view, bench = settled()
    second = DeviceId(UUID(int=301))
    whole = with_display()

    view.hold(replace(whole, devices=(*whole.devices, device(second, DeviceRole.DISPLAY))))

    assert [row.device for row in shown(view, bench.last)] == [str(second)]
