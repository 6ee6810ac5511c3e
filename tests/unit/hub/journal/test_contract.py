"""The real journal and the fake one keep the same contract."""

from pathlib import Path

import pytest
from typing_extensions import override

from tests.contract.journal_suite import JournalSuite, Reopen
from tests.support.fake_journal import FakeJournal
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.port import JournalPort
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource


class TestJournal(JournalSuite):
    @pytest.fixture
    @override
    async def reopen(self, tmp_path: Path) -> Reopen:
        clock = SystemClock()

        async def open_again() -> JournalPort:
            return await Journal.open(
                tmp_path / "journal.sqlite",
                clock=clock,
                ids=IdSource(clock),
                settings=JournalSettings(timeout_s=60, start_timeout_s=60),
            )

        return open_again


class TestFakeJournal(JournalSuite):
    @pytest.fixture
    @override
    async def reopen(self) -> Reopen:
        last: list[FakeJournal] = []

        async def open_again() -> JournalPort:
            last.append(FakeJournal(last[-1].card if last else None))
            return last[-1]

        return open_again
