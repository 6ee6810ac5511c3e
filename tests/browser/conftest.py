"""One demo farm and a browser for the tests that look at the screen."""

import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from tests.support.people import Json
from tests.support.phones import OWNER, TIMEOUT_MS, Demo, Phone
from tests.support.stack import Stack, until
from tokkatot.sim.farm import PASSWORD

PHONE: ViewportSize = {"width": 360, "height": 740}
PICTURES = Path("test-results")
expect.set_options(timeout=TIMEOUT_MS)  # it does not heed what a page is told
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # By its own name a hub is no secure place to a browser, as it is not by its number.
    "--host-resolver-rules=MAP *.local 127.0.0.1",
)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole program, started once."""
    with Stack.start(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="session")
def demo(stack: Stack) -> Demo:
    """The demo farm with all its hubs reporting."""
    with httpx.Client(base_url=f"{stack.url}/v1", timeout=60) as http:
        answer = http.post("/auth/login", json={"login": OWNER, "password": PASSWORD}).json()
        http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        farm_id = answer["farms"][0]["id"]

        def reporting() -> list[Json] | None:
            houses: list[Json] = http.get(f"/farms/{farm_id}/houses").json()["items"]
            states = [http.get(f"/farms/{farm_id}/houses/{h['id']}/state").json() for h in houses]
            known = [
                state["hub"]["online"] and all(a["actual"] is not None for a in state["actuators"])
                for state in states
            ]
            return houses if all(known) else None

        houses = until("all houses report", reporting)
    return Demo(stack=stack, farm_id=farm_id, houses={house["name"]: house for house in houses})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window.

    Its driver holds an event loop while it is there, so it ends with the module: tests of other
    modules run loops of their own in the same process.
    """
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(SWITCHES)
        )
        yield running
        running.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a fixture know how its test went."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


_FAILED = pytest.StashKey[bool]()


@pytest.fixture
def new_phone(
    demo: Demo, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Phone]]:
    """Hand out phones; a test that fails leaves a picture of each, one that errs inside fails."""
    phones: list[Phone] = []

    def make() -> Phone:
        phones.append(Phone(demo, browser.new_context(viewport=PHONE, has_touch=True)))
        return phones[-1]

    yield make
    for number, phone in enumerate(phones):
        if request.node.stash.get(_FAILED, False):
            PICTURES.mkdir(exist_ok=True)
            name = f"{request.node.name.replace('/', '_')}-{number}.png"
            phone.page.screenshot(path=PICTURES / name, full_page=True)
        phone.context.close()
    assert [phone.complaints for phone in phones] == [[] for _ in phones]


@pytest.fixture
def phone(new_phone: Callable[[], Phone]) -> Phone:
    """One phone, nobody logged in."""
    return new_phone()
