"""Puts the page together from a hub's parts."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tokkatot.hub.camera.watch import Watch
from tokkatot.hub.clock_sync import ClockQuality, SyncedClock
from tokkatot.hub.config import HubConfig, WebSettings
from tokkatot.hub.journal.port import JournalPort
from tokkatot.hub.lan import page_names
from tokkatot.hub.loop import ControlLoop
from tokkatot.hub.web.feed import Feed
from tokkatot.hub.web.giving import Giving
from tokkatot.hub.web.key_book import KeyBook
from tokkatot.hub.web.notebook import Notebook
from tokkatot.hub.web.parts import Figures, Parts
from tokkatot.hub.web.past import Past
from tokkatot.hub.web.people import People
from tokkatot.hub.web.pin import PinLock, kept_pin
from tokkatot.hub.web.schedules import Schedules
from tokkatot.hub.web.screens import Screens
from tokkatot.hub.web.server import HubWeb, Serve
from tokkatot.hub.web.taps import Taps
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import Row

log = structlog.get_logger(__name__)

_NO_KEYS: Final[Mapping[str, Ed25519PublicKey]] = {}


def build_web(  # noqa: PLR0913 - the parts of a hub, each once
    config: HubConfig,
    settings: WebSettings,
    *,
    control: ControlLoop,
    journal: JournalPort,
    clock: SyncedClock,
    ids: IdSource,
    random_bytes: Callable[[int], bytes],
    software: str,
    figures: Figures,
    watch: Watch | None = None,
    serve: Serve | None = None,
) -> HubWeb:
    """Return the page, which takes note of all that the journal is told from now on."""
    own_pin = settings.pin or _own_pin(config, random_bytes)
    people = People(
        hub_id=config.hub_id,
        keys=_NO_KEYS if config.cloud is None else config.cloud.keys,
        lock=PinLock(own_pin, journal=journal, clock=clock),
        clock=clock,
        is_time_known=lambda: clock.quality is not ClockQuality.UNSET,
        random_bytes=random_bytes,
    )
    feed = Feed(config.farm_id, clock=clock)
    keys = KeyBook(journal)
    notes = Notebook(control=control, journal=journal, people=people, feed=feed, clock=clock)
    giving = Giving(
        hub_id=config.hub_id, control=control, notes=notes, keys=keys, clock=clock, ids=ids
    )
    journal.watch(_harmless(notes.take))
    return HubWeb(
        Parts(
            farm_id=config.farm_id,
            hub_id=config.hub_id,
            names=page_names(settings, config.hub_id),
            software=software,
            control=control,
            journal=journal,
            people=people,
            notes=notes,
            past=Past(journal=journal, notes=notes, recall=_harmless(notes.recall), clock=clock),
            screens=Screens(
                control=control, notes=notes, feed=feed, clock=clock, software=software
            ),
            schedules=Schedules(giving),
            feed=feed,
            taps=Taps(giving),
            keys=keys,
            clock=clock,
            new_id=ids.new,
            figures=figures,
            watch=watch,
        ),
        settings,
        serve,
    )


def _own_pin(config: HubConfig, random_bytes: Callable[[int], bytes]) -> str:
    try:
        return kept_pin(config.data_dir, random_bytes)
    except OSError as error:
        # A full disk keeps nobody from the flock: passes go on, and the PIN is nobody's.
        log.warning("web.pin_not_kept", reason=error.strerror)
        return random_bytes(32).hex()


def _harmless(take: Callable[[Row], None]) -> Callable[[Row], None]:
    """Return what takes a row and never fails: it is called from within control."""

    def taken(row: Row) -> None:
        try:
            take(row)
        except Exception:  # supervisor: a mistake in what is shown must not reach the flock
            log.exception("web.row_not_taken", kind=row.kind)

    return taken
