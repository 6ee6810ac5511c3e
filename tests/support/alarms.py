"""Alarms whose conditions are said by hand, and houses that have alarms of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf
from uuid import UUID

from tests.support.engine import HOUSE, Bench, document
from tokkatot.automation.alarm_life import Condition
from tokkatot.automation.alarms import AlarmChange, Circumstances, follow
from tokkatot.automation.manners import Manner
from tokkatot.automation.plan import plan_of
from tokkatot.automation.state import Alarm, AlarmKey
from tokkatot.domain.alarms import AlarmDefinition, Seen, Shelf, Watch
from tokkatot.domain.alerts import AlertState, AlertType, Severity
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.ids import AlarmId, AlertId, DeviceId, HouseId

PLAIN = Manner(severity=Severity.WARNING)


def key(
    number: int = 0, kind: AlertType = AlertType.SENSOR_STALE, house: HouseId = HOUSE
) -> AlarmKey:
    """Return what an alarm of one of many devices is about."""
    return AlarmKey(type=kind, house_id=house, device_id=DeviceId(UUID(int=1000 + number)))


@dataclass
class Desk:
    """Follows alarms step by step; `there` are the conditions that are present."""

    now_s: float = 0.0
    alarms: Mapping[AlarmKey, Alarm] = field(default_factory=dict)
    told_s: tuple[float, ...] = ()
    there: dict[AlarmKey, bool | None] = field(default_factory=dict)
    manners: dict[AlarmKey, Manner] = field(default_factory=dict)
    causes: dict[AlarmKey, AlarmKey] = field(default_factory=dict)
    shelved: set[AlarmKey] = field(default_factory=set)
    seen: dict[AlertId, int] = field(default_factory=dict)
    settled_s: float = -1e6
    changes: list[AlarmChange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = count(1)
        self._around: list[dict[object, object]] = []
        self._until_s = -inf

    def step(self, after_s: float = 1.0) -> tuple[AlarmChange, ...]:
        """Let time pass, and return what changed; nothing does that was promised to stay."""
        self.now_s += after_s
        around = [{**one} for one in (self.there, self.manners, self.causes, self.seen)]
        around += [dict.fromkeys(self.shelved), {HOUSE: self.settled_s}]
        is_promised = around == self._around and self.now_s < self._until_s
        followed = follow(
            [self._condition(one) for one in dict.fromkeys((*self.causes.values(), *self.there))],
            self.alarms,
            self.told_s,
            Circumstances(
                new_alert_id=lambda: AlertId(UUID(int=next(self._ids))),
                now_s=self.now_s,
                seen=dict(self.seen),
                shelved=frozenset(self.shelved),
                settled_s={HOUSE: self.settled_s},
            ),
        )
        is_same = followed.alarms is self.alarms and not followed.changes
        assert is_same or not is_promised, "what is kept is what would be concluded now"
        self._around = around
        self._until_s = followed.until_s if is_same else self.now_s
        self.alarms, self.told_s = followed.alarms, followed.told_s
        self.changes.extend(followed.changes)
        return followed.changes

    def run(self, seconds: int) -> list[str]:
        """Step each second, and return what changed."""
        return [change.change.value for _ in range(seconds) for change in self.step()]

    def acknowledge(self, one: AlarmKey) -> None:
        """Let a person say that they have seen it."""
        alarm = self.alarms[one]
        assert alarm.alert_id is not None
        self.seen[alarm.alert_id] = alarm.times

    def state(self, one: AlarmKey) -> AlertState:
        alarm = self.alarms.get(one)
        return AlertState.NORMAL if alarm is None else alarm.state

    def called(self) -> list[AlarmChange]:
        """Return what people were called for."""
        return [
            change
            for change in self.changes
            if change.change.value != "cleared" and change.under is None and not change.shelved
        ]

    def _condition(self, one: AlarmKey) -> Condition:
        return Condition(
            key=one,
            manner=self.manners.get(one, PLAIN),
            present=self.there.get(one, False),
            cause=self.causes.get(one),
        )


def definition(watch: Watch, number: int = 1, **more: object) -> AlarmDefinition:
    """Return an alarm that is told at once."""
    fields: dict[str, object] = {"on_delay_s": 0.0, **more}
    return AlarmDefinition(
        id=AlarmId(UUID(int=number)),
        name=f"alarm {number}",
        watch=watch,
        **fields,  # type: ignore[arg-type]  # a test names real fields
    )


def furnish(
    bench: Bench,
    *devices: DeviceConfig,
    alarms: tuple[AlarmDefinition, ...] = (),
    shelved: tuple[Shelf, ...] = (),
    seen: tuple[Seen, ...] = (),
    **house: object,
) -> None:
    """Give the bench's house more devices and alarms of its own."""
    held = document(bench.kind)
    changed = replace(held.houses[0], alarms=alarms, **house)  # type: ignore[arg-type]  # real fields
    bench.plan = plan_of(
        replace(
            held,
            houses=(changed,),
            devices=(*held.devices, *devices),
            shelved=shelved,
            seen=seen,
        )
    )
