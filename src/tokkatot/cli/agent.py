"""The on-farm agent as a process of its own: `tokkatot hub` becomes it."""

import asyncio
import gc
import os
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokkatot.hub.config import DriverSettings, HubConfig
    from tokkatot.kit.clock import Clock
    from tokkatot.sim.houses import SimulatedHouse

SAVE_EVERY_S = 10.0
THREAD_TURN_S = 0.0005
"""How long control may wait for the interpreter while the journal's thread has it; Python's 5 ms is
longer than a decision takes."""
_STDERR = 2
_REFUSED = 2
_GAVE_UP = 1


def agent_command(config: Path) -> tuple[str, ...]:
    """Return the command line that runs a hub and nothing else."""
    return (sys.executable, "-m", "tokkatot.cli.agent", str(config))


def main(config: Path) -> int:
    """Run a hub until SIGINT, SIGTERM or SIGHUP; return the exit status."""
    _leave_out_rich()
    log_to_stderr()
    from tokkatot.hub.assembly import DriverRefused
    from tokkatot.hub.config import ConfigRefused, read_config
    from tokkatot.hub.folder import FolderRefused, own_folder
    from tokkatot.hub.journal.port import JournalError
    from tokkatot.hub.supervisor import GaveUp

    try:
        settings = read_config(config)
        with own_folder(settings.data_dir):
            asyncio.run(until_signal(_run(settings)))
    except (ConfigRefused, DriverRefused, FolderRefused, JournalError) as refusal:
        _Lines().msg(str(refusal))
        return _REFUSED
    except GaveUp as gave_up:
        _Lines().msg(f"The hub stopped, all at rest: {gave_up}")
        return _GAVE_UP
    return 0


def answer_promptly() -> None:
    """Keep the pauses of the interpreter short: its threads, its search for cycles."""
    sys.setswitchinterval(THREAD_TURN_S)
    # What is imported stays for good: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()


def _leave_out_rich() -> None:
    """Let structlog find no rich: its coloured tracebacks cost 6 MB that no hub ever shows."""
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own way to bar an import


class _Lines:
    """Writes lines to standard error, and loses them where it takes none.

    It is often a file on the disk that is full: who tells of that must not end the hub.
    """

    def msg(self, line: str) -> None:
        with suppress(OSError):
            os.write(_STDERR, f"{line}\n".encode(errors="backslashreplace"))

    debug = info = warning = error = critical = msg


def log_to_stderr() -> None:
    """Write the log as lines of JSON."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: _Lines(),
        cache_logger_on_first_use=True,
    )


async def until_signal(work: Coroutine[None, None, None]) -> None:
    """Run until a signal; a second one does not cut the way to rest short.

    What ends the work comes as it is, not as the one member of a group.
    """
    asyncio.get_running_loop().set_exception_handler(_note_stray)
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(work)
            ending = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, ending.set)
            watching = group.create_task(ending.wait())
            await asyncio.wait((running, watching), return_when=asyncio.FIRST_COMPLETED)
            watching.cancel()
            running.cancel()
    except ExceptionGroup as broken:
        if len(broken.exceptions) > 1:
            raise
        raise broken.exceptions[0] from None


def _note_stray(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Put what broke in a callback, where no caller could catch it, on one line of the log."""
    import structlog

    structlog.get_logger(__name__).error(
        "loop.stray", what=context["message"], exc_info=context.get("exception")
    )


async def _run(config: "HubConfig") -> None:
    from tokkatot.cli.kernel_clock import is_clock_synchronised
    from tokkatot.hub.main import Machine, run_hub
    from tokkatot.hub.supervisor import Service
    from tokkatot.kit.clock import SystemClock

    answer_promptly()
    worlds = {
        settings.name: _world(settings, _saved(config, settings.name))
        for settings in config.drivers
        if settings.kind == "simulated"
    }
    clock = SystemClock()
    await run_hub(
        config,
        Machine(
            clock=clock,
            is_clock_synchronised=is_clock_synchronised,
            random=secrets.SystemRandom().random,
            random_bytes=secrets.token_bytes,
            software=version("tokkatot"),
            worlds=worlds,
            beside=[Service(name="worlds", run=partial(_save_for_ever, config, clock, worlds))],
        ),
    )


def _world(settings: "DriverSettings", saved: Path) -> "SimulatedHouse":
    from tokkatot.hub.assembly import DriverRefused, simulated_options
    from tokkatot.sim.houses import OptionError, build_house

    options = simulated_options(settings)
    try:
        world = build_house(options.house, seed=options.seed, options=options.options)
    except OptionError as error:
        raise DriverRefused(settings.name, str(error)) from error
    with suppress(OSError, ValueError):  # at a first start, or where the file is damaged
        world.restore(saved.read_bytes())
    return world


def _saved(config: "HubConfig", name: str) -> Path:
    return config.data_dir / f"world-{name}.json"


async def _save_for_ever(
    config: "HubConfig", clock: "Clock", worlds: "Mapping[str, SimulatedHouse]"
) -> None:
    """Keep the simulated worlds over a restart, as real ones keep themselves."""
    while True:
        try:
            await clock.sleep(SAVE_EVERY_S)
        finally:
            for name, world in worlds.items():
                with suppress(OSError):  # a full disk: the next time again, and the house goes on
                    _replace(_saved(config, name), world.save)


def _replace(path: Path, content: Callable[[], bytes]) -> None:
    half = path.with_suffix(".new")
    half.write_bytes(content())
    half.replace(path)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
