"""What a person waits for at the screen of the demo farm, timed inside a real Chromium."""

import asyncio
import gzip
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx
from playwright.sync_api import Browser, Page, Response, ViewportSize, sync_playwright

from benches.support.servers import Missing
from benches.support.statistics import p95
from tests.support.people import Json, Person
from tests.support.stack import Stack, until
from tests.support.weight import resident_mb
from tokkatot.kit.clock import SystemClock
from tokkatot.sim.farm import ACCOUNTS, PASSWORD

# Half of them switch on, and no relay may start more than 20 times an hour: so each house has some.
TAPS = 38
SEEN_READINGS = 60
SEEN_WITHIN_S = 240.0
BROWSED = ("initial_js_css_gz_kb", "reading_to_screen_p95_ms", "tap_to_confirmed_p95_ms")
VIEWPORT: ViewportSize = {"width": 360, "height": 740}
HOUSES = ("Coop 1", "Coop 2", "Greenhouse 1")
TAPPED_ROLE = "light"

# Times a tap from the finger to the first frame that shows it confirmed, and a reading from the
# hub's own time stamp to the first frame that shows another number for its quantity.
STOPWATCH = """
(() => {
  const shown = (work) => requestAnimationFrame(() => setTimeout(work, 0))
  const bench = { taps: [], readings: [], began: null }
  window.bench = bench
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-level]')) bench.began = performance.now()
  }, true)
  const newest = new Map()
  const Plain = window.WebSocket
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given)
      this.addEventListener('message', (event) => {
        const frame = JSON.parse(event.data)
        if (frame.type !== 'readings') return
        for (const [, quantity, t] of frame.data.values) newest.set(quantity, t)
      })
    }
  }
  new MutationObserver((changes) => {
    for (const change of changes) {
      const element = change.target.nodeType === 1 ? change.target : change.target.parentElement
      if (change.type === 'attributes') {
        if (element.dataset.phase === 'confirmed' && bench.began !== null) {
          const began = bench.began
          bench.began = null
          shown(() => bench.taps.push(performance.now() - began))
        }
        continue
      }
      const value = element?.closest('[data-value]')
      const quantity = value?.closest('[data-quantity]')?.dataset.quantity
      const t = newest.get(quantity)
      if (t === undefined) continue
      newest.delete(quantity)
      shown(() => bench.readings.push(Date.now() - t))
    }
  }).observe(document, {
    subtree: true, childList: true, characterData: true,
    attributes: true, attributeFilter: ['data-phase'],
  })
})()
"""


def measure(
    stack: Stack, figures: Sequence[str], *, say: Callable[[str], None]
) -> Iterator[tuple[str, float]]:
    """Measure what is asked for on the running demo farm."""
    house, *others = asyncio.run(_houses(stack))
    if set(figures) & set(BROWSED):
        yield from _browsed(stack, house, others, figures, say)
    if "hub_rss_mb" in figures:
        yield "hub_rss_mb", resident_mb(stack.hub_pid(house["hub_id"]))


def _browsed(
    stack: Stack,
    house: Json,
    others: Sequence[Json],
    figures: Sequence[str],
    say: Callable[[str], None],
) -> Iterator[tuple[str, float]]:
    with _browser() as browser:
        if "initial_js_css_gz_kb" in figures:
            yield "initial_js_css_gz_kb", _initial_kb(browser, stack)
        page = _open_house(browser, stack, house)
        if "reading_to_screen_p95_ms" in figures:
            say(f"watching {SEEN_READINGS} readings arrive on the screen")
            ahead_ms = _clock_ahead_ms(stack.hub_url(house["hub_id"]))
            yield "reading_to_screen_p95_ms", p95(_readings_ms(page)) + ahead_ms
        if "tap_to_confirmed_p95_ms" in figures:
            say(f"tapping {TAPS * len(HOUSES)} times")
            taps_ms = _taps_ms(page, stack, house)
            for other in others:
                _show(page, stack, other)
                taps_ms += _taps_ms(page, stack, other)
            yield "tap_to_confirmed_p95_ms", p95(taps_ms)


def need_chromium() -> str:
    """Return where the browser is.

    Raises:
        Missing: where it is not installed.
    """
    program = shutil.which("chromium")
    if program is None:
        raise Missing("Chromium: the package chromium of your system")
    return program


async def _houses(stack: Stack) -> list[Json]:
    manager = await Person.log_in(stack.url, ACCOUNTS[1].login)
    found = []
    for name in HOUSES:
        view = await manager.house(name)
        await view.reporting()
        state = await view.state()
        found.append({**state["house"], "farm_id": view.farm_id, "hub_id": state["hub"]["id"]})
    await manager.close()
    return found


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


def _initial_kb(browser: Browser, stack: Stack) -> float:
    """Return the scripts and styles that the first page loads, gzipped, in kB of 1000 bytes."""
    page = browser.new_page(viewport=VIEWPORT)
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.request.resource_type in {"script", "stylesheet"}:
            sizes[response.url] = len(gzip.compress(response.body(), 9))

    page.on("response", weigh)
    page.goto(stack.url, wait_until="networkidle")
    page.close()
    assert sizes, "a first page without any script was not the app"
    return sum(sizes.values()) / 1000


def _open_house(browser: Browser, stack: Stack, house: Json) -> Page:
    page = browser.new_page(viewport=VIEWPORT)
    page.add_init_script(STOPWATCH)
    page.goto(stack.url)
    page.fill('input[autocomplete="username"]', ACCOUNTS[1].login)
    page.fill('input[autocomplete="current-password"]', PASSWORD)
    page.click('button[type="submit"]')
    page.wait_for_url(lambda url: "login" not in url)
    _show(page, stack, house)
    return page


def _show(page: Page, stack: Stack, house: Json) -> None:
    page.goto(f"{stack.url}/farms/{house['farm_id']}/houses/{house['id']}")
    page.wait_for_selector(f'[data-role="{TAPPED_ROLE}"] [data-level]:enabled')


def _readings_ms(page: Page) -> list[float]:
    def enough() -> list[float] | None:
        page.wait_for_timeout(500)
        seen: list[float] = page.evaluate("window.bench.readings")
        return seen if len(seen) >= SEEN_READINGS else None

    return until("readings reach the screen", enough, within_s=SEEN_WITHIN_S)


def _clock_ahead_ms(hub_url: str) -> float:
    """Return how far the hub's clock runs ahead of the browser's, both being this machine's.

    A hub sets its clock by the cloud's words, to within half a round trip; what it is ahead, its
    readings seem to arrive too early.
    """
    clock = SystemClock()
    asked: list[tuple[float, float]] = []
    with httpx.Client(timeout=5) as http:
        for _ in range(20):
            before_ms = clock.now_ms()
            hub_ms = http.get(f"{hub_url}/v1/state").json()["t"]
            after_ms = clock.now_ms()
            asked.append((after_ms - before_ms, hub_ms - (before_ms + after_ms) / 2))
    return min(asked)[1]


def _taps_ms(page: Page, stack: Stack, house: Json) -> list[float]:
    hub = stack.hub_url(house["hub_id"])
    control = page.locator(f'[data-role="{TAPPED_ROLE}"]').first
    device_id = control.get_attribute("data-device")
    for number in range(TAPS):
        level = 0 if number % 2 else 100
        control.locator(f'[data-level="{level}"]').click()
        page.wait_for_function("n => window.bench.taps.length === n", arg=number + 1)
        # The screen may only say so where the relay did it.
        actual = {item["id"]: item["actual"] for item in _hub_devices(hub)}
        assert actual[device_id] == level, f"the screen confirmed {level}, the relay is {actual}"
        page.wait_for_timeout(150)
    taps: list[float] = page.evaluate("window.bench.taps")
    return taps


def _hub_devices(hub_url: str) -> Json:
    return httpx.get(f"{hub_url}/v1/state", timeout=5).json()["devices"]
