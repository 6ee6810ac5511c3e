"""How many alarms of a house the engine looks at in a second, beside expressions by `eval`."""

from collections.abc import Callable, Iterator
from itertools import count
from time import perf_counter
from uuid import UUID

from benches.support.yard import DEVICES, beat, device_id, document
from tokkatot.automation.engine import step
from tokkatot.automation.inputs import Inputs
from tokkatot.automation.instant import Instant
from tokkatot.automation.plan import plan_of
from tokkatot.automation.state import State
from tokkatot.domain.alarms import MAX_ALARMS, AlarmDefinition, Formula, Limit, Rate, Watch
from tokkatot.domain.ids import AlarmId, AlertId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison

OURS, NAIVE = "definitions_per_s", "naive_definitions_per_s"
FIGURES = (OURS, NAIVE)

STEPS, ROUNDS = 1000, 2000
_EXPRESSION = "temperature - 3 > 30 and relative_humidity > 90 or temperature < 4"


def measure(say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Yield what the engine does over what it does without them, and what `eval` would do."""
    definitions = tuple(_definition(number) for number in range(MAX_ALARMS))
    with_them, without = _took_s(definitions), _took_s(())
    say(f"a step takes {with_them * 1e3:.2f} ms with {MAX_ALARMS}, {without * 1e3:.2f} without")
    yield OURS, MAX_ALARMS / (with_them - without)
    yield NAIVE, _naive_per_s()


def _definition(number: int) -> AlarmDefinition:
    watches: tuple[Watch, ...] = (
        Limit(
            quantity=Quantity.TEMPERATURE,
            comparison=Comparison.ABOVE,
            threshold=40.0,
            deadband=1.0,
            device_id=device_id(number % DEVICES),
        ),
        Rate(quantity=Quantity.TEMPERATURE, comparison=Comparison.ABOVE, per_minute=10.0),
        Formula(expression=_EXPRESSION),
    )
    return AlarmDefinition(
        id=AlarmId(UUID(int=number)), name=f"alarm {number}", watch=watches[number % 3]
    )


def _took_s(definitions: tuple[AlarmDefinition, ...]) -> float:
    """Return how long a step takes, the fastest fifth of many."""
    plan, state, ids, taken = plan_of(document(definitions)), State(), count(1), list[float]()
    for second in range(STEPS):
        samples, contacts = beat(plan, second, healthy=True)
        inputs = Inputs(
            new_alert_id=lambda: AlertId(UUID(int=next(ids))), samples=samples, contacts=contacts
        )
        began_s = perf_counter()
        state = step(plan, state, inputs, Instant(monotonic_s=1000.0 + second, utc_ms=None)).state
        taken.append(perf_counter() - began_s)
    return sorted(taken)[STEPS // 5]


def _naive_per_s() -> float:
    """Return how many such expressions Python's own `eval` makes, parsed anew as a template is."""
    names = {"temperature": 24.0, "relative_humidity": 60.0}
    began_s = perf_counter()
    for _ in range(ROUNDS):
        eval(_EXPRESSION, {"__builtins__": {}}, names)  # noqa: S307 - what nobody should do
    return ROUNDS / (perf_counter() - began_s)
