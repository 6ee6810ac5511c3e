"""The reference says what the code says."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import typer

from tokkatot.cli.main import COMMANDS, build
from tokkatot.cloud.platform.settings import PREFIX, CloudSettings
from tokkatot.domain.alarms import Watch
from tokkatot.domain.alerts import ALERT_TRANSITIONS, AlertEvent, AlertState, AlertType
from tokkatot.domain.rules import Rule
from tokkatot.domain.schedules import Does, Times
from tokkatot.hub.config import _Login, _Nodes
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
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


def test_every_kind_of_alarm_and_every_type_of_alert_is_described() -> None:
    text = (REFERENCE / "alarms.md").read_text()
    described = msgspec.inspect.multi_type_info([*get_args(Watch)])
    kinds = [found.tag for found in described if isinstance(found, msgspec.inspect.StructType)]
    assert [kind for kind in kinds if f"| `{kind}` |" not in text] == []
    own = {"limit", "rate", "difference", "age_limit", "expression", "alarm_test"}
    assert [kind for kind in AlertType if kind not in own and f"`{kind}`" not in text] == []


def test_the_states_of_an_alert_are_described_as_they_are() -> None:
    table = (REFERENCE / "alarms.md").read_text().split("## States")[1]
    for state in AlertState:
        cells = [ALERT_TRANSITIONS.get((state, event)) for event in AlertEvent]
        row = " | ".join("" if cell is None else f"`{cell}`" for cell in cells)
        assert f"| `{state}` | {row} |".replace("  ", " ") in table.replace("  ", " ")


def test_every_command_is_described() -> None:
    text = (REFERENCE / "command-line.md").read_text()

    assert re.findall(r"^## tokkatot (\w+)$", text, re.MULTILINE) == list(COMMANDS)


def test_every_setting_of_the_farm_broker_and_its_nodes_is_described() -> None:
    text = (REFERENCE / "command-line.md").read_text()
    nodes, rest = text.split("\n[nodes]")[1].split("\n[drivers.")
    driver = rest.split("\n\n")[0]

    settings = [*_Nodes.__struct_fields__, *_Login.__struct_fields__]
    assert [name for name in settings if not re.search(rf"\b{name}\b", nodes)] == []
    options = MqttNodeOptions.__struct_fields__
    assert [name for name in options if not re.search(rf"\b{name}\b", driver)] == []


def test_what_nobody_serves_is_said_to_be_reserved() -> None:
    rows = re.findall(r"^.*fw_update.*$", (REFERENCE / "mqtt.md").read_text(), re.MULTILINE)

    assert len(rows) == 2
    assert all("reserved" in row for row in rows)


def test_every_line_that_installs_mosquitto_ends_the_one_that_takes_the_port() -> None:
    installing = [path for path in PAGES if "apt install mosquitto" in path.read_text()]

    assert installing != []
    assert [
        path.name
        for path in installing
        if "systemctl disable --now mosquitto" not in path.read_text()
    ] == []


PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_page_is_named_on_the_first_one() -> None:
    named = re.findall(r"\]\(([^)#:]+)", (DOCS / "index.md").read_text())

    found = {(DOCS / link).resolve() for link in named}
    alone = [path for path in DOCS.rglob("*.md") if path.parent != DOCS / "decisions"]
    assert [path.name for path in alone if path not in found | {DOCS / "index.md"}] == []


def test_every_make_target_that_is_named_is_there() -> None:
    named = {name for path in PAGES for name in re.findall(r"`make ([a-z-]+)", path.read_text())}

    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(named) > 3
    assert named - set(targets) == set()


def test_every_option_of_a_command_that_is_named_is_there() -> None:
    """Not only commands: what a page tells people to type is taken by the program."""
    wrong = []
    for path in PAGES:
        text = path.read_text().replace("\\\n", " ")
        for line in re.findall(rf"tokkatot ((?:{'|'.join(COMMANDS)})\b[^`\n|#]*)", text):
            words = line.split()
            options = _options(words)
            wrong += [
                f"{path.name}: {line}"
                for word in words
                if word.startswith("--") and word.rstrip(".,;:)") not in options
            ]
    assert wrong == []


def _options(words: list[str]) -> set[str]:
    """Return the options that the command takes which these words call."""
    found: Any = typer.main.get_command(build(words))  # of typer's own copy of click
    for word in words:
        found = getattr(found, "commands", {}).get(word, found)
    return {name for parameter in found.params for name in parameter.opts} | {"--help"}
