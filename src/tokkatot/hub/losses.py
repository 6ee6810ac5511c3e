"""What came to the hub and was of no use, or found no room: counted, shown, and told the cloud."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from tokkatot.hub.drivers.port import Driver
from tokkatot.hub.inbox import HubInbox
from tokkatot.hub.journal.port import JournalPort

TELL_EVERY_S: Final = 3600.0
"""A node that talks nonsense does so all day: once an hour is often enough to say it."""


class Losses:
    """Adds up what drivers, the inbox and the journal have dropped since the start."""

    def __init__(
        self,
        drivers: Iterable[Driver],
        inbox: HubInbox,
        journal: JournalPort,
        *,
        note: Callable[..., None],
    ) -> None:
        self._drivers = tuple(drivers)
        self._inbox = inbox
        self._journal = journal
        self._note = note
        self._told: Mapping[str, int] = {}
        self._look_at_s = 0.0

    def counts(self) -> Mapping[str, int]:
        """Return how much was lost, by where and why; what lost nothing is left out."""
        refused = self._journal.refused
        return {**self._dropped(), **({"journal: not kept": refused} if refused else {})}

    def tell(self, now_s: float) -> None:
        """Note what was lost since it was last told, if anything was, at most once an hour."""
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + TELL_EVERY_S
        counts = self._dropped()  # the journal tells of itself
        new = {
            what: number - self._told.get(what, 0)
            for what, number in counts.items()
            if number > self._told.get(what, 0)
        }
        if new:
            self._note("hub.dropped", **new)
            self._told = counts

    def _dropped(self) -> Mapping[str, int]:
        found = {
            f"{driver.name}: {why}": number
            for driver in self._drivers
            for why, number in driver.dropped().items()
        }
        found["inbox: no room"] = self._inbox.dropped
        return {what: number for what, number in found.items() if number}
