"""Other programs are looked for where a person says that they are, and get what is theirs."""

from pathlib import Path

import pytest

from benches.support.rivals import (
    HOME_ASSISTANT_FOLDER,
    NODE_RED_FOLDER,
    home_assistant,
    node_red,
)
from benches.support.servers import Missing
from benches.support.takers import BATCH, WRITERS, readings_of_batch
from benches.support.trigger import Rival

RIVALS = [
    pytest.param(node_red, NODE_RED_FOLDER, id="node_red"),
    pytest.param(home_assistant, HOME_ASSISTANT_FOLDER, id="home_assistant"),
]


@pytest.mark.parametrize(("rival", "variable"), RIVALS)
def test_one_that_is_not_there_is_left_out_with_how_to_install_it(
    rival: Rival, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))

    with pytest.raises(Missing, match=variable), rival(tmp_path, 1883, "sensor", "lamp", 100.0):
        pass


def test_no_two_batches_have_a_reading_in_common() -> None:
    batches = 3 * WRITERS

    places = {
        (series, t_ms) for number in range(batches) for series, t_ms, _ in readings_of_batch(number)
    }

    assert len(places) == batches * BATCH
