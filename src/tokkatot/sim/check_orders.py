"""Checks that no order runs twice, late, in another session or beyond its end, and each is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from tokkatot.domain.devices import OFF, Level
from tokkatot.domain.ids import DeviceId
from tokkatot.sim.cloud import SentOrder
from tokkatot.sim.layout import LIGHT
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import CommandRow, Row

TOLERANCE_S = 3.0
"""A second for the loop's turn, one for the clock, one for the disk."""

SESSION_OVER_S = 1.0
TOLD_WITHIN_S = 15.0
"""An order that began is answered within 5 s, and that is in the cloud 5 s and a line later."""

_FINAL = frozenset({"completed", "failed", "refused", "interrupted", "expired"})


@dataclass(slots=True)
class _Order:
    """An order that left the cloud, and what became of it."""

    sent: SentOrder
    sent_s: float
    started_s: float | None = None
    asked_s: float | None = None
    asked_in: int = 0
    ends: set[str] = field(default_factory=set)
    is_excused: bool = False
    """The card was restored since, so that its end may be told anew or never."""


class OrdersCheck:
    """Follows each order from the cloud over the hub's journal to the relay and back."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._orders: dict[str, _Order] = {}
        self._last_asked: dict[DeviceId, str] = {}
        self._session: str | None = None
        self._welcomed: str | None = None
        self._session_s = 0.0
        self._life = 0
        self._rows_seen = 0

    def sent(self, order: SentOrder) -> None:
        """The cloud has sent an order."""
        key = str(order.order.id)
        if key not in self._orders:
            self._orders[key] = _Order(sent=order, sent_s=self._findings.now_s())

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

    def started(self, command_id: UUID) -> None:
        """The journal has committed STARTED, and told the hub so."""
        order = self._orders.get(str(command_id))
        if order is None:
            self._findings.broken("no order is made up", str(command_id))
            return
        if order.started_s is not None:
            self._findings.broken("no order runs twice", f"{command_id} was begun again")
        order.started_s = self._findings.now_s()

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
        given = order.sent.order
        lifetime_s = (given.expires_ms - given.given_ms) / 1000
        # It was given no later than sent; a queued one is older than that.
        if now_s - order.sent_s > lifetime_s + TOLERANCE_S:
            self._findings.broken(
                "no order runs stale", f"{name} is {now_s - order.sent_s:.0f} s old"
            )
        in_another_s = now_s - self._session_s
        is_current = order.sent.session in {self._session, self._welcomed}
        if not is_current and in_another_s > SESSION_OVER_S:
            self._findings.broken("no order of another session runs", name)

    def tick(self) -> None:
        """Look whether the light, which nothing but people asks for, is on beyond an order's end.

        For the other devices a rule may go on with what an order began, under its name.
        """
        name = self._last_asked.get(LIGHT.id)
        order = None if name is None else self._orders.get(name)
        if order is None or order.asked_s is None or order.sent.order.level == OFF:
            return
        if self._findings.now_s() - order.asked_s > order.sent.order.end_s + TOLERANCE_S:
            self._findings.broken("every order has an end", f"{name} holds beyond its end")

    def check_told(self, rows: list[tuple[object, Row]]) -> None:
        """On a line that is good again, the cloud knows of each order that began how it ended."""
        self._read(row for _, row in rows[self._rows_seen :])
        self._rows_seen = len(rows)
        now_s = self._findings.now_s()
        for name, order in list(self._orders.items()):
            if order.is_excused:
                continue
            if len(order.ends) > 1:
                self._findings.broken("each order has one answer", f"{name}: {sorted(order.ends)}")
            started_s = order.started_s
            if started_s is not None and now_s - started_s > TOLD_WITHIN_S and not order.ends:
                self._findings.broken("each order has one answer", f"{name} began and has none")

    def cloud_restored(self, row_count: int) -> None:
        """The cloud is back at a backup and knows fewer rows."""
        self._rows_seen = min(self._rows_seen, row_count)

    def card_restored(self) -> None:
        """What the card knew of earlier orders may be gone."""
        for order in self._orders.values():
            order.is_excused = True

    def _read(self, rows: Iterable[Row]) -> None:
        for row in rows:
            order = self._orders.get(row.command) if isinstance(row, CommandRow) else None
            if order is not None and isinstance(row, CommandRow) and row.state in _FINAL:
                order.ends.add(row.state)
