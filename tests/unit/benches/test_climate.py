"""What `tokkatot bench climate` does where a rival is not installed."""

from pathlib import Path

import pytest

from benches import climate
from tests.support.piloted import shipped
from tokkatot.climate.control.held import HeldRules
from tokkatot.climate.control.shield import Outlook
from tokkatot.climate.control.twins import HeldAhead
from tokkatot.pilot.cockpit import Cockpit
from tokkatot.wire.autopilot import Asked, Decided


def test_a_rival_that_is_not_installed_is_left_out_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(climate.GL_GYM_FOLDER, raising=False)
    told: list[str] = []
    climate.run(["gl_gym_steps_per_cpu_s"], lambda figure, *_: told.append(figure))
    assert told == []
    assert "pip install gl-gym" in capsys.readouterr().err


@pytest.mark.parametrize("python", [None, "exit 1"])
def test_a_rival_whose_environment_was_never_finished_is_left_out_too(
    python: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if python is not None:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "python").write_text(f"#!/bin/sh\n{python}\n")
        (tmp_path / "bin" / "python").chmod(0o755)
    monkeypatch.setenv(climate.GL_GYM_FOLDER, str(tmp_path))
    climate.run(["gl_gym_steps_per_cpu_s"], lambda *_: None)
    assert "left out; it needs gl-gym==0.3.2" in capsys.readouterr().err


def test_a_rival_is_run_by_the_python_of_its_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho warming up\necho 512.5\n")
    program.chmod(0o755)
    monkeypatch.setenv(climate.LETTUCE_GYM_FOLDER, str(tmp_path))
    told: list[tuple[str, float, str]] = []
    climate.run(["lettuce_gym_steps_per_cpu_s"], lambda *row: told.append(row))
    assert told == [("lettuce_gym_steps_per_cpu_s", 512.5, "1/s")]


def test_the_shield_is_measured_as_a_hub_has_it_with_the_shipped_policy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decide, decided, told = Cockpit.decide, list[Decided](), list[tuple[str, float, str]]()
    looked, looked_at = HeldAhead.of, list[set[HeldRules]]()

    def watched(cockpit: Cockpit, asked: Asked) -> Decided:
        looked_at.append(set())
        decided.append(decide(cockpit, asked))
        return decided[-1]

    def seen(ahead: HeldAhead, rules: HeldRules) -> Outlook:
        looked_at[-1].add(rules)
        return looked(ahead, rules)

    monkeypatch.setattr(Cockpit, "decide", watched)
    monkeypatch.setattr(HeldAhead, "of", seen)
    monkeypatch.setattr(climate, "DECISIONS", 300)
    climate.run(["shielded_policy_p99_ms"], lambda *row: told.append(row))
    assert {one.sha256 for one in decided} == {shipped().sha256}
    assert [one.trouble for one in decided] == [None] * 300
    assert None in {one.refused for one in decided}
    # It is asked for what takes longest, too: what would come under the rules beside the policy's.
    assert max(map(len, looked_at)) > 1
    assert any(one.shift_k != 0.0 for one in decided)
    assert [row[::2] for row in told] == [("shielded_policy_p99_ms", "ms")]
