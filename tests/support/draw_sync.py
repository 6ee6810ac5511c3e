"""Draws the state machines of the sync from their tables; `python -m tests.support.draw_sync`."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from tokkatot.wire.cursor import VERDICTS
from tokkatot.wire.session_cloud import ANSWERS
from tokkatot.wire.session_tables import LANE, SESSION, LaneState, Phase

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "sync.md"

One = TypeVar("One", bound=StrEnum)
Two = TypeVar("Two", bound=StrEnum)
Three = TypeVar("Three", bound=StrEnum)


def _states(table: Mapping[tuple[One, Two], tuple[One, tuple[Three, ...]]], first: One) -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {_name(first)}"]
    for (before, signal), (after, steps) in table.items():
        todo = f" / {', '.join(steps)}" if steps else ""
        lines.append(f"    {_name(before)} --> {_name(after)}: {signal}{todo}")
    return _fenced("mermaid", lines)


def _answers(table: Mapping[One, Two], heads: tuple[str, str]) -> str:
    lines = [f"| {heads[0]} | {heads[1]} |", "|---|---|"]
    lines += [f"| {_words(case)} | {_words(answer)} |" for case, answer in table.items()]
    return "\n".join(lines)


def _name(state: StrEnum) -> str:
    return state.replace(" ", "_")


def _words(value: StrEnum) -> str:
    return value.replace("_", " ")


def _fenced(kind: str, lines: list[str]) -> str:
    return "\n".join([f"```{kind}", *lines, "```"])


def drawn(page: str) -> str:
    """Return the page with each part between its marks drawn anew."""
    parts = {
        "session": _states(SESSION, Phase.OFFLINE),
        "lane": _states(LANE, LaneState.CLOSED),
        "batches": _answers(VERDICTS, ("a batch lies … the cursor", "the cloud will")),
        "hellos": _answers(ANSWERS, ("a hello is", "the cloud will")),
    }
    for name, text in parts.items():
        mark, end = f"<!-- drawn: {name} -->", "<!-- end -->"
        found = re.compile(f"{re.escape(mark)}.*?{re.escape(end)}", re.DOTALL)
        assert len(found.findall(page)) == 1, f"the page has one place for {name}"
        page = found.sub(f"{mark}\n{text}\n{end}", page)
    return page


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
