"""What the checkers of the simulation share: the first thing that broke, and the moment."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """An invariant that did not hold."""

    invariant: str
    at_s: float
    detail: str


@dataclass(slots=True)
class Findings:
    """Collects violations; a run stops at the first tick that finds one."""

    now_s: Callable[[], float]
    violations: list[Violation] = field(default_factory=list)

    def broken(self, invariant: str, detail: str) -> None:
        """Note that an invariant did not hold."""
        self.violations.append(Violation(invariant=invariant, at_s=self.now_s(), detail=detail))
