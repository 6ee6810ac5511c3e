"""How often people are called when 40 devices fail at once, and stay away for an hour."""

from collections.abc import Callable, Iterator
from itertools import count
from uuid import UUID

from benches.support.yard import DEVICES, beat, document
from tokkatot.automation.alarms import AlarmChange
from tokkatot.automation.engine import step
from tokkatot.automation.inputs import Inputs
from tokkatot.automation.instant import Instant
from tokkatot.automation.plan import plan_of
from tokkatot.automation.state import State
from tokkatot.domain.ids import AlertId

CALLED, LISTED = "called_for_40_failures", "listed_of_40_failures"
FIGURES = (CALLED, LISTED)

HEALTHY_S, AWAY_S = 120, 3600


def measure(say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Yield how often people are called, and how many of the devices are listed."""
    plan, state, ids = plan_of(document(())), State(), count(1)
    told: list[AlarmChange] = []
    for second in range(HEALTHY_S + AWAY_S):
        samples, contacts = beat(plan, second, healthy=second < HEALTHY_S)
        done = step(
            plan,
            state,
            Inputs(
                new_alert_id=lambda: AlertId(UUID(int=next(ids))),
                samples=samples,
                contacts=contacts,
            ),
            Instant(monotonic_s=1000.0 + second, utc_ms=None),
        )
        state = done.state
        told.extend(done.alarms)
    raised = [change for change in told if change.change.value != "cleared"]
    called = [change for change in raised if change.under is None]
    listed = {change.key for change in raised if change.key.device_id is not None}
    say(f"{len(called)} calls: {', '.join(change.key.type for change in called)}")
    assert len(listed) == DEVICES, f"{len(listed)} of {DEVICES} are listed"
    yield CALLED, float(len(called))
    yield LISTED, float(len(listed))
