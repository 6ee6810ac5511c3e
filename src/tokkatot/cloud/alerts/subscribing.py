"""Whether a person wants to hear of an alert now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from enum import StrEnum, unique

from tokkatot.domain.alerts import SEVERITY_ORDER, AlertType, Severity


@unique
class Heard(StrEnum):
    """How a person is told."""

    NOT = "not"
    QUIETLY = "quietly"
    ALOUD = "aloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants to hear of; quiet hours may go over midnight."""

    types: frozenset[AlertType] = frozenset()
    least: Severity = Severity.INFO
    quiet_from: time | None = None
    quiet_until: time | None = None

    def wants(self, kind: AlertType, severity: Severity) -> bool:
        """Tell whether it is about such an alert."""
        bad_enough = SEVERITY_ORDER.index(severity) <= SEVERITY_ORDER.index(self.least)
        return bad_enough and (not self.types or kind in self.types)

    def is_quiet(self, clock: time) -> bool:
        """Tell whether these are its quiet hours."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= clock < self.quiet_until
        return clock >= self.quiet_from or clock < self.quiet_until


def heard(wishes: Iterable[Wish], kind: AlertType, severity: Severity, clock: time) -> Heard:
    """Return how a person with these wishes is told when their clock shows a time.

    Who wishes nothing is told everything; what is urgent knows no quiet hours.
    """
    wishes = tuple(wishes)
    wanted = [wish for wish in wishes if wish.wants(kind, severity)]
    if wishes and not wanted:
        return Heard.NOT
    aloud = not wanted or any(not wish.is_quiet(clock) for wish in wanted)
    return Heard.ALOUD if aloud or severity is Severity.CRITICAL else Heard.QUIETLY
