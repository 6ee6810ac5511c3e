"""What tests of every kind share."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.memory import folder_in_memory
from tests.support.postgres import TestDatabases, running_postgres
from tests.support.servers import running_influx, running_redis
from tokkatot.cli.running import end_as_by_ctrl_c
from tokkatot.cloud.platform.broker import EmbeddedBroker

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"

_BROKER_PROGRAMS = ("mosquitto", "mosquitto_pub", "mosquitto_sub")
_STORES = ("influxd", "redis-server")
_FOLDER_MARKS = {
    "contract": "server",
    "e2e": "e2e",
    "browser": "browser",
    "simulation": "simulation",
}
_PROGRAMS_WITHIN_S = 900
"""For a test of whole programs, of which several may have to start first."""
_SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))  # noqa: TID251
HAS_TORCH = find_spec("torch") is not None and find_spec("onnx") is not None
# No timing is asserted, so a slow machine that draws an example slowly is no failure either.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
_NO_SKIP = os.environ.get("CI") == "true"  # noqa: TID251 - the one setting of the test run


def pytest_configure() -> None:
    """Let fixtures end the farms that they have started also where the run is killed."""
    end_as_by_ctrl_c()


def pytest_runtest_setup() -> None:
    """Do so again where a test of a program's own signals has taken it away."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        end_as_by_ctrl_c()


def pytest_report_header() -> list[str]:
    """Name what this machine lacks, and so what is left out."""
    # Where nothing may be left out, a test fails for a program that it lacks.
    programs = () if _NO_SKIP else ("chromium", *_BROKER_PROGRAMS, *_STORES)
    missing = [name for name in programs if not _is_installed(name)]
    lines = [f"left out: every test that needs {name}, which is not installed" for name in missing]
    if not HAS_TORCH:
        lines.append("left out: every test of learning, whose packages are not installed")
    if not SHARED_DATA.is_dir():
        lines.append(f"left out: every test of the recorded data, which is not in {SHARED_DATA}")
    return lines


@pytest.hookimpl(tryfirst=True)  # before the workers write the groups into the node ids
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark by folder, and leave out what needs something that this machine does not have."""
    for item in items:
        folder = item.path.relative_to(ROOT).parts[1]
        if folder in _FOLDER_MARKS:
            item.add_marker(_FOLDER_MARKS[folder])
        if folder in {"e2e", "browser"}:
            _let_programs_start(item, folder)
        if folder == "browser":
            item.add_marker(pytest.mark.needs("chromium"))
    left_out = [item for item in items if _lacks_something(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _let_programs_start(item: pytest.Item, folder: str) -> None:
    if not item.get_closest_marker("xdist_group"):
        # Those of a folder share one running program, so that they stay in one worker.
        item.add_marker(pytest.mark.xdist_group(folder))
    if not item.get_closest_marker("timeout"):
        item.add_marker(pytest.mark.timeout(_PROGRAMS_WITHIN_S))


def _lacks_something(item: pytest.Item) -> bool:
    if item.get_closest_marker("shared_data") and not SHARED_DATA.is_dir():
        return True
    if item.get_closest_marker("training") and not HAS_TORCH:
        return True
    programs = {name for mark in item.iter_markers("needs") for name in mark.args}
    return not _NO_SKIP and not all(map(_is_installed, programs))


def _is_installed(program: str) -> bool:
    return shutil.which(program, path=_SEARCHED) is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no test hide behind a skip where everything that it needs is installed."""
    report = yield
    if _NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where CI=true allows no skip: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    """A PostgreSQL server for the whole run.

    A database is a thousand files: on a disk they took longer to make than most tests to run.
    """
    with (
        folder_in_memory(tmp_path_factory.mktemp("server")) as folder,
        running_postgres(folder / "postgres") as server,
    ):
        yield TestDatabases(server)


@pytest.fixture
def postgres_url(databases: TestDatabases) -> Iterator[str]:
    """A fresh database with the schema of this version."""
    with databases.migrated() as url:
        yield url


@pytest.fixture
def empty_postgres_url(databases: TestDatabases) -> Iterator[str]:
    """A fresh database without tables."""
    with databases.empty() as url:
        yield url


@pytest.fixture(scope="session")
def influx_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An InfluxDB for the whole run; each test makes a database of its own."""
    with running_influx(tmp_path_factory.mktemp("influx")) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for the whole run."""
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    """A broker of this test's own; `mosquitto.logins.write(...)` says who may do what."""
    broker = EmbeddedBroker(
        tmp_path / "broker", log_path=tmp_path / "broker.log", login="tokkatot-cloud"
    )
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recorded data beside the checkout, for tests marked `shared_data`."""
    return SHARED_DATA
