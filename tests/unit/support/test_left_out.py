"""What a run of the tests says of those that it leaves out."""

from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def conftest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The settings of this run, on a machine that has nothing."""
    path = str(Path(__file__).parents[2] / "conftest.py")
    plugins = request.config.pluginmanager.get_plugins()
    (found,) = [one for one in plugins if getattr(one, "__file__", None) == path]
    assert isinstance(found, ModuleType)
    monkeypatch.setattr(found, "HAS_TORCH", False)
    monkeypatch.setattr(found, "SHARED_DATA", Path("/nowhere/data"))
    monkeypatch.setattr(found, "_SEARCHED", "/nowhere")
    return found


@pytest.mark.parametrize("in_ci", [True, False])
def test_what_is_left_out_for_want_of_data_or_packages_is_said_everywhere(
    conftest: ModuleType, monkeypatch: pytest.MonkeyPatch, *, in_ci: bool
) -> None:
    monkeypatch.setattr(conftest, "_NO_SKIP", in_ci)
    lines = conftest.pytest_report_header()
    assert "left out: every test of learning, whose packages are not installed" in lines
    assert "left out: every test of the recorded data, which is not in /nowhere/data" in lines


def test_a_program_that_lacks_is_named_but_where_its_tests_fail_instead(
    conftest: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "left out: every test that needs chromium, which is not installed"
    monkeypatch.setattr(conftest, "_NO_SKIP", False)
    assert said in conftest.pytest_report_header()
    monkeypatch.setattr(conftest, "_NO_SKIP", True)
    assert said not in conftest.pytest_report_header()
