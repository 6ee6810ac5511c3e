"""Runs a service again when it breaks, a bounded number of times where control hangs on it."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from tokkatot.kit.backoff import Backoff
from tokkatot.kit.clock import Clock

FAILURES_AT_MOST = 5
WITHIN_S = 60.0
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something that runs until cancelled; `on_failure` is called each time it breaks.

    Without an `essential` one the hub can't keep a house safe: where it breaks too often the hub
    goes to its safe state. The others are tried again for ever, ever more slowly.
    """

    name: str
    run: Callable[[], Awaitable[None]]
    essential: bool = False
    on_failure: Callable[[], None] | None = None


class ServiceUnable(Exception):
    """A service can't work until somebody acts; `reason` tells them what to do, on one line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class GaveUp(Exception):
    """An essential service broke too often; the hub can't go on."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} broke {FAILURES_AT_MOST} times within {WITHIN_S:g} s")
        self.service = service


async def supervise(service: Service, *, clock: Clock, random: Callable[[], float]) -> None:
    """Run a service until it is at its end.

    Raises:
        GaveUp: when an essential one broke too often.
    """
    backoff = Backoff(first_s=FIRST_WAIT_S, cap_s=LONGEST_WAIT_S, random=random)
    failures: deque[float] = deque(maxlen=FAILURES_AT_MOST)
    told: str | None = None
    while True:
        began_s = clock.monotonic()
        try:
            await service.run()
        except ServiceUnable as error:
            if error.reason != told:
                log.error("service.unable", service=service.name, reason=error.reason)  # noqa: TRY400 - no traceback for what a person has to mend
                told = error.reason
        except Exception:  # supervisor: whatever breaks a service, it is run again
            log.exception("service.broke", service=service.name)
        else:
            return
        now_s = clock.monotonic()
        if now_s - began_s > WITHIN_S:
            backoff.reset()
            told = None
        if service.on_failure is not None:
            service.on_failure()
        failures.append(now_s)
        too_often = len(failures) == FAILURES_AT_MOST and now_s - failures[0] <= WITHIN_S
        if service.essential and too_often:
            raise GaveUp(service.name)
        await clock.sleep(backoff.next_s())
