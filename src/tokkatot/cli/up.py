"""`tokkatot up`: everything in one go, and nothing left when it ends."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from tokkatot.cloud.platform.process import Child, ChildSpec
    from tokkatot.cloud.platform.settings import CloudSettings
    from tokkatot.cloud.platform.supervise import Service
    from tokkatot.sim.farm import DemoAccount

app = typer.Typer()

T = TypeVar("T")

READY_TIMEOUT_S = 60.0
_POLL_S = 0.03


@app.command()
def up(
    no_demo: Annotated[
        bool, typer.Option("--no-demo", help="Without the demo farm and its hubs.")
    ] = False,
) -> None:
    """Run database, broker, cloud, app and a demo farm; Ctrl-C ends all of it."""
    import asyncio

    from tokkatot.cli.running import check_port, refusals, until_signal
    from tokkatot.cloud.platform.folder import own_folder
    from tokkatot.cloud.platform.settings import load_settings

    with refusals():
        settings = load_settings()
        with own_folder(settings.data_dir):
            asyncio.run(_end_leftovers(settings.data_dir))
            check_port(settings.http_host, settings.http_port)
            program = _Up(settings=settings, demo=not no_demo)
            asyncio.run(until_signal(program.run()))


async def _end_leftovers(data_dir: Path) -> None:
    """End what a killed run left: the kernel told it to end, but it may still be at it."""
    import asyncio

    from tokkatot.cloud.platform.process import end_leftover

    async with asyncio.TaskGroup() as group:
        for pid_path in _run_dir(data_dir).glob("*.pid"):
            group.create_task(end_leftover(pid_path, grace_s=10.0))


def _run_dir(data_dir: Path) -> Path:
    return data_dir.absolute() / "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Up:
    settings: "CloudSettings"
    demo: bool

    async def run(self) -> None:
        """Start everything, greet, and keep it running until cancelled."""
        from contextlib import AsyncExitStack

        from tokkatot.cloud.platform.embedded import embedded, start_all

        typer.echo("Tokkatot is starting …")
        async with embedded(self.settings) as running, AsyncExitStack() as stack:
            settings = running.settings
            services = dict(running.services)
            services["The cloud"] = _cloud(settings)
            if self.demo:
                # The cloud needs a second for its imports: meanwhile the farm is laid out.
                hubs = await _both(start_all([services["The cloud"]], stack), _seed(settings))
                services |= hubs
                await start_all(hubs.values(), stack)
            else:
                await start_all([services["The cloud"]], stack)
            self._greet()
            await _keep_running(services)

    def _greet(self) -> None:
        host = self.settings.http_host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared only
        shown = f"[{shown}]" if ":" in shown else shown
        url = self.settings.public_url or f"http://{shown}:{self.settings.http_port}"
        lines = [f"Tokkatot runs at {url}"]
        if self.demo:
            from tokkatot.sim.farm import ACCOUNTS, PASSWORD

            lines.append(f"The accounts of the demo farm, all with the password {PASSWORD}:")
            lines += [
                f"  {account.login}  {account.name}, {_role(account)}" for account in ACCOUNTS
            ]
        else:
            lines.append(
                "To begin with a farm of your own: tokkatot staff registration-key NAME, "
                "in the same folder, makes the key to sign up with."
            )
        lines.append(f"What it logs is in {self.settings.data_dir.absolute() / 'logs'}")
        lines.append("Ctrl-C stops everything; the data stays for the next start.")
        typer.echo("\n".join(lines))


def _role(account: "DemoAccount") -> str:
    return "staff" if account.role is None else account.role.value


async def _both(first: Coroutine[None, None, None], second: Coroutine[None, None, T]) -> T:
    """Run two things at the same time and return what the second makes."""
    import asyncio

    async with asyncio.TaskGroup() as group:
        group.create_task(first)
        made = group.create_task(second)
    return made.result()


async def _seed(settings: "CloudSettings") -> dict[str, "Service"]:
    """Lay out the demo farm, if it is not there yet, and return its hubs."""
    import asyncio

    from tokkatot.cli.demo import seed_demo
    from tokkatot.cloud.platform.migrate import upgrade

    assert settings.database_url is not None, "embedded() names every address"
    await asyncio.to_thread(upgrade, settings.database_url)
    configs = await seed_demo(settings)
    return {f"The hub {path.parent.name}": _hub(settings, path) for path in configs}


def _cloud(settings: "CloudSettings") -> "Service":
    from tokkatot.cloud.platform.process import own_command
    from tokkatot.cloud.platform.supervise import ChildService

    async def ready(child: "Child") -> None:
        await _until_ready(child, settings.http_host, settings.http_port)

    spec = _spec(settings, "cloud", own_command("cloud"), settings.as_environment())
    return ChildService(spec, ready)


def _hub(settings: "CloudSettings", config: Path) -> "Service":
    from tokkatot.cli.agent import agent_command
    from tokkatot.cloud.platform.supervise import ChildService

    name = f"hub-{config.parent.name}"
    return ChildService(_spec(settings, name, agent_command(config), {}))


def _spec(
    settings: "CloudSettings", name: str, argv: tuple[str, ...], environment: Mapping[str, str]
) -> "ChildSpec":
    from tokkatot.cloud.platform.process import ChildSpec

    return ChildSpec(
        name=name,
        argv=argv,
        run_dir=_run_dir(settings.data_dir),
        log_path=settings.data_dir / "logs" / f"{name}.log",
        environment=environment,
    )


async def _until_ready(child: "Child", host: str, port: int) -> None:
    import asyncio

    from tokkatot.cloud.platform.process import ChildFailed

    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while child.returncode is None:
                if await _answers_ready(host, port):
                    return
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        reason = f"was not ready within {READY_TIMEOUT_S:.0f} s"
    else:
        reason = "ended at its start"
    await child.stop()
    raise ChildFailed(f"The cloud {reason}:\n{child.last_words()}")


async def _answers_ready(host: str, port: int) -> bool:
    import asyncio

    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(reachable, port)
            writer.write(b"GET /ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
            status = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in status


async def _keep_running(services: Mapping[str, "Service"]) -> None:
    from secrets import SystemRandom

    from tokkatot.cloud.platform.supervise import keep_all_running
    from tokkatot.kit.clock import SystemClock

    await keep_all_running(
        services, clock=SystemClock(), random=SystemRandom().random, say=typer.echo
    )
