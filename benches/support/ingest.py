"""How many readings a second go from full batches through the broker into the demo's database."""

import asyncio
from collections.abc import Callable

import psycopg

from benches.support.streams import SENT, lay_out, send_all
from tests.support.people import Person
from tests.support.readings import count_stored
from tests.support.stack import Stack
from tokkatot.sim.farm import ACCOUNTS


def measure(stack: Stack, *, say: Callable[[str], None]) -> float:
    """Return the stored readings a second, counted in the table."""
    return asyncio.run(_measure(stack, say))


async def _measure(stack: Stack, say: Callable[[str], None]) -> float:
    staff = await Person.log_in(stack.url, ACCOUNTS[-1].login)
    streams = await lay_out(staff)
    await staff.close()
    before = _stored(stack)
    took_s = await send_all(f"mqtt://{stack.broker_host}:{stack.broker_port}", streams, say)
    stored = _stored(stack) - before
    say(f"{stored} readings in the table after {took_s:.1f} s")
    # The demo's own hubs add a few readings a second.
    assert SENT <= stored <= SENT + 60 * took_s, f"{stored} stored of {SENT}"
    return SENT / took_s


def _stored(stack: Stack) -> int:
    with psycopg.connect(stack.database_url) as connection:
        return count_stored(connection)
