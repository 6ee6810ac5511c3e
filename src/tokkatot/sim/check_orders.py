"""Checks that no order runs twice, late, in another session or beyond its end, and each is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from tokkatot.domain.commands import may_be_repeated
from tokkatot.domain.devices import OFF, DeviceRole, Level, rest_level
from tokkatot.domain.ids import DeviceId
from tokkatot.sim.desk import SentOrder
from tokkatot.sim.layout import NEIGHBOUR, Layout
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import CommandRow, OrderAction, Row

TOLERANCE_S = 3.0
"""A second for the loop's turn, one for the clock, one for the disk."""

SESSION_OVER_S = 1.0
TOLD_WITHIN_S = 15.0
"""An order that began is answered within 5 s, and that is in the cloud 5 s and a line later."""

TRAVELS_S = {DeviceRole.VENT: 600.0}
"""A drive may be on its way for so long before it answers."""

FORGOTTEN_AFTER_S = 8 * 3600.0

_FINAL = frozenset({"completed", "failed", "refused", "interrupted", "expired"})


@dataclass(slots=True, kw_only=True)
class _Order:
    """An order of a person, and what became of it."""

    device_id: DeviceId
    action: OrderAction
    level: Level
    end_s: float
    given_s: float
    lifetime_s: float | None
    session: str | None
    """Neither has an order that was given at the farm: it was begun while its giver waited."""
    started_s: float | None = None
    asked_s: float | None = None
    asked_in: int = 0
    ends: set[str] = field(default_factory=set)
    is_excused: bool = False
    """The card was restored since, or had no room: its end may be told anew or never."""


class OrdersCheck:
    """Follows each order of one hub over its journal to the relay, and back to the cloud."""

    def __init__(self, findings: Findings, layout: Layout) -> None:
        self._findings = findings
        self._light = layout.light.id
        self._rests = {one.id: rest_level(one.role, layout.kind) for one in layout.actuators}
        self._travels_s = {one.id: TRAVELS_S.get(one.role, 0.0) for one in layout.actuators}
        self._orders: dict[str, _Order] = {}
        self._last_asked: dict[DeviceId, str] = {}
        self._session: str | None = None
        self._welcomed: str | None = None
        self._session_s = 0.0
        self._life = 0
        self._taps_here = 0
        self._begun_here = 0

    # ------------------------------------------------------------------------------ what happens

    def sent(self, sent: SentOrder) -> None:
        """The cloud has sent an order."""
        order = sent.order
        self._orders.setdefault(
            str(order.id),
            _Order(
                device_id=order.device_id,
                action=order.action,
                level=order.level,
                end_s=order.end_s,
                given_s=self._findings.now_s(),
                # It was given no later than sent; a queued one is older than that.
                lifetime_s=(order.expires_ms - order.given_ms) / 1000,
                session=sent.session,
            ),
        )

    def tapped_here(self) -> None:
        """Somebody orders on the hub's own page; how often they ask for it counts for nothing."""
        self._taps_here += 1

    def promised_here(self, command_id: str) -> None:
        """The hub's page says that it has begun an order."""
        order = self._orders.get(command_id)
        if order is None or order.started_s is None:
            self._findings.broken("what the page promises is begun", command_id)

    def hub_welcomed(self, session: str) -> None:
        """A welcome has come, which the hub may heed before it says anything in that session."""
        self._welcomed = session

    def hub_in_session(self, session: str) -> None:
        """The hub speaks in a session."""
        if session != self._session:
            self._session, self._session_s = session, self._findings.now_s()

    def hub_started(self) -> None:
        """A new process of the hub."""
        self._life += 1

    def hub_died(self) -> None:
        """Nobody asks for anything now."""
        self._last_asked.clear()

    def started(self, command_id: UUID, row: CommandRow) -> None:
        """The journal has committed STARTED, and told the hub so."""
        if row.by == str(NEIGHBOUR):
            self._started_here(command_id, row)
        order = self._orders.get(str(command_id))
        if order is None:
            self._findings.broken("no order is made up", str(command_id))
            return
        if order.started_s is not None:
            self._findings.broken("no order runs twice", f"{command_id} was begun again")
        order.started_s = self._findings.now_s()
        if order.action == "auto":
            self._handed_back(order.device_id, order.started_s)

    def started_unkept(self, command_id: UUID, row: CommandRow) -> None:
        """Something begins that a crash may let nobody know of: so it must do no harm twice."""
        assert row.action is not None, "an order does something"
        assert row.level is not None, "an order has a level"
        rest = self._rests[DeviceId(UUID(row.device))]
        if not may_be_repeated(row.action, row.level, rest=rest):
            self._findings.broken(
                "nothing moves before STARTED is on the disk", f"{command_id} sets {row.level}"
            )
        self._begun_here -= row.by == str(NEIGHBOUR)
        self.started(command_id, row)
        order = self._orders.get(str(command_id))
        if order is not None:
            order.is_excused = True

    def _handed_back(self, device_id: DeviceId, now_s: float) -> None:
        """Whatever was asked of a device, its end is now."""
        held = self._orders.get(self._last_asked.get(device_id, ""))
        if held is not None and held.asked_s is not None:
            held.end_s = min(held.end_s, now_s - held.asked_s)

    def _started_here(self, command_id: UUID, row: CommandRow) -> None:
        self._begun_here += 1
        if self._begun_here > self._taps_here:
            self._findings.broken("no order runs twice", f"nobody at the farm asked {command_id}")
        assert row.action is not None, "an order does something"
        assert row.level is not None, "an order has a level"
        assert row.end_ms is not None, "an order has an end"
        self._orders.setdefault(
            str(command_id),
            _Order(
                device_id=DeviceId(UUID(row.device)),
                action=row.action,
                level=row.level,
                end_s=(row.end_ms - row.t) / 1000,
                given_s=self._findings.now_s(),
                lifetime_s=None,
                session=None,
            ),
        )

    def asked(self, device_id: DeviceId, level: Level, name: str) -> None:
        """The hub asks a device for a level, under the name of an order or one of its own."""
        self._last_asked[device_id] = name
        order = self._orders.get(name)
        if order is None:
            return
        now_s = self._findings.now_s()
        if order.started_s is None:
            self._findings.broken(
                "nothing moves before STARTED is on the disk", f"{name} sets {level}"
            )
        if order.asked_s is None:
            order.asked_s, order.asked_in = now_s, self._life
            self._check_first(name, order, now_s)
        elif order.asked_in != self._life:
            self._findings.broken("no order runs twice", f"{name} ran before a restart")

    def _check_first(self, name: str, order: _Order, now_s: float) -> None:
        age_s = now_s - order.given_s
        if order.lifetime_s is not None and age_s > order.lifetime_s + TOLERANCE_S:
            self._findings.broken("no order runs stale", f"{name} is {age_s:.0f} s old")
        if order.session is None or order.session in {self._session, self._welcomed}:
            return
        if now_s - self._session_s > SESSION_OVER_S:
            self._findings.broken("no order of another session runs", name)

    def told(self, rows: Iterable[Row]) -> None:
        """Rows have come to the cloud."""
        for row in rows:
            order = self._orders.get(row.command) if isinstance(row, CommandRow) else None
            if order is not None and isinstance(row, CommandRow) and row.state in _FINAL:
                order.ends.add(row.state)

    def card_restored(self) -> None:
        """What the card knew of earlier orders may be gone."""
        for order in self._orders.values():
            order.is_excused = True

    def is_held(self, device_id: DeviceId) -> bool:
        """Tell whether a device was asked last by a person's order that may go on."""
        order = self._orders.get(self._last_asked.get(device_id, ""))
        return order is not None and not self._is_over(order)

    def _is_over(self, order: _Order) -> bool:
        if order.asked_s is None:
            return False
        return self._findings.now_s() - order.asked_s > order.end_s + TOLERANCE_S

    # -------------------------------------------------------------------------------- what must be

    def tick(self) -> None:
        """Look whether the light, which nothing but people asks for, is on beyond an order's end.

        For the other devices a rule may go on with what an order began, under its name.
        """
        name = self._last_asked.get(self._light)
        order = None if name is None else self._orders.get(name)
        if order is not None and order.level > OFF and self._is_over(order):
            self._findings.broken("every order has an end", f"{name} holds beyond its end")

    def check_told(self) -> None:
        """On a line that is good again, the cloud knows of each order that began how it ended."""
        now_s = self._findings.now_s()
        for name, order in self._orders.items():
            if order.is_excused:
                continue
            if len(order.ends) > 1:
                self._findings.broken("each order has one answer", f"{name}: {sorted(order.ends)}")
            started_s = order.started_s
            within_s = TOLD_WITHIN_S + self._travels_s[order.device_id]
            if started_s is not None and now_s - started_s > within_s and not order.ends:
                self._findings.broken("each order has one answer", f"{name} began and has none")

    def forget(self) -> None:
        """Orders of long ago are no longer looked at."""
        oldest_s = self._findings.now_s() - FORGOTTEN_AFTER_S
        self._orders = {
            name: order for name, order in self._orders.items() if order.given_s >= oldest_s
        }
