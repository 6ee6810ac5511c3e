"""What the commands that keep running share: refusals in one line, an end by signal."""

import asyncio
import signal
import socket
from collections.abc import Coroutine
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSED = 2
_FAILED = 1


@contextmanager
def refusals() -> "Iterator[None]":
    """Tell a person in one line what they can mend, without a traceback."""
    from tokkatot.cloud.platform.folder import FolderRefused
    from tokkatot.cloud.platform.keys import KeyRefused
    from tokkatot.cloud.platform.migrate import DatabaseAway
    from tokkatot.cloud.platform.process import ChildFailed
    from tokkatot.cloud.platform.settings import SettingsRefused

    refused = (SettingsRefused, FolderRefused, KeyRefused, PortTaken)
    failed = (ChildFailed, DatabaseAway)
    try:
        yield
    except refused as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(_REFUSED) from None
    except ExceptionGroup as group:
        # What starts at the same time fails in a group; the first failure is what to mend.
        found = group.subgroup(refused) or group.subgroup(failed)
        if found is None:
            raise
        first = _first(found)
        typer.echo(str(first), err=True)
        raise typer.Exit(_REFUSED if isinstance(first, refused) else _FAILED) from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class PortTaken(Exception):
    """Somebody listens there already, or we may not; the text is one line for a person."""


def check_port(host: str, port: int, *, remedy: str = "set TOKKATOT_HTTP_PORT") -> None:
    """Raise PortTaken where the web server could not listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"Port {port} of {host} can't be used ({error.strerror}): "
                f"end what listens there, or {remedy} to another."
            ) from error


async def until_signal(work: "Coroutine[Any, Any, None]") -> None:
    """Run until SIGINT, SIGTERM or SIGHUP, then let `work` clean up undisturbed."""
    task = asyncio.ensure_future(work)  # noqa: TID251 - one task, awaited in the next lines
    loop = asyncio.get_running_loop()

    def end_once() -> None:
        for number in numbers:
            loop.add_signal_handler(number, _already_ending)
        task.cancel()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, end_once)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise


def end_as_by_ctrl_c() -> None:
    """Let SIGTERM and SIGHUP do what Ctrl-C does: who has started something else ends it.

    What is ignored, as by nohup, stays so. Who asks twice, as make and timeout do together, does
    not cut the ending short.
    """
    numbers = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]

    def end_once(_number: int, _frame: object) -> None:
        for number in numbers:
            signal.signal(number, lambda _number, _frame: _already_ending())
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, end_once)


def _already_ending() -> None:
    """A second Ctrl-C must not cut short the writing of the data."""
