"""The reference says what the code says."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from tokkatot.cli.main import COMMANDS
from tokkatot.cloud.platform.settings import PREFIX, CloudSettings
from tokkatot.domain.rules import Rule
from tokkatot.domain.schedules import Does, Times
from tokkatot.wire.problems import CODES
from tokkatot.wire.topics import HubLeaf, NodeLeaf

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"


def first_cells(name: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", (REFERENCE / name).read_text(), re.MULTILINE)


def test_every_setting_is_described_and_no_other() -> None:
    assert first_cells("settings.md") == [
        PREFIX + name.upper() for name in CloudSettings.model_fields
    ]


def test_every_error_is_described_as_it_is_answered() -> None:
    text = (REFERENCE / "http-errors.md").read_text()

    rows = [
        f"| `{code}` | {spec.status.value} | {spec.title} | {spec.advice} |"
        for code, spec in CODES.items()
    ]
    assert text.split("|---|---|---|---|\n")[1].splitlines() == rows


def test_every_topic_is_described() -> None:
    cells = first_cells("mqtt.md")

    assert [leaf for leaf in HubLeaf if leaf not in cells] == []
    assert [
        leaf for leaf in NodeLeaf if f"farm/{{farm}}/devices/{{device}}/{leaf}" not in cells
    ] == []


def test_every_kind_of_schedule_and_rule_is_described() -> None:
    cells = first_cells("automation.md")

    described = msgspec.inspect.multi_type_info([*get_args(Does | Times | Rule)])
    kinds = [found.tag for found in described if isinstance(found, msgspec.inspect.StructType)]
    assert len(kinds) == len(get_args(Does | Times | Rule))
    assert [kind for kind in kinds if kind not in cells] == []


def test_every_command_is_described() -> None:
    text = (REFERENCE / "command-line.md").read_text()

    assert re.findall(r"^## tokkatot (\w+)$", text, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())

    assert [link for link in links if not (path.parent / link).exists()] == []
