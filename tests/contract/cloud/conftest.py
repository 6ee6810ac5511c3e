"""The application over a fresh database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.cloud import Cloud, cloud_over


@pytest.fixture
async def cloud(postgres_url: str, tmp_path: Path) -> AsyncIterator[Cloud]:
    async with cloud_over(postgres_url, tmp_path) as running:
        yield running
