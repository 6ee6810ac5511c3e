"""Waiting for an event, but not for ever."""

import asyncio


async def set_within(event: asyncio.Event, timeout_s: float) -> bool:
    """Return True once `event` is set, False when it was not within `timeout_s` seconds."""
    if event.is_set():
        return True
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
