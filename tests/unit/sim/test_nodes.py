"""What a simulated node says of itself."""

from datetime import UTC, datetime

from tokkatot.domain.houses import HouseKind
from tokkatot.sim.chance import Chance
from tokkatot.sim.farm_broker import FarmBroker
from tokkatot.sim.houses import build_house
from tokkatot.sim.layout import lay_out
from tokkatot.sim.nodes import LiveWorld, Node
from tokkatot.sim.time import VirtualLoop
from tokkatot.wire.messages import NodeStatus, decode

ANSWER_S = 0.1


class Ears:
    """Hears what the broker passes on of one relay, the newest last."""

    def __init__(self, broker: FarmBroker, hardware_id: str) -> None:
        self.said: list[bool] = []
        self._topic = f"/{hardware_id}/status"
        broker.connect(self._hear)

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic.endswith(self._topic) and not retained:
            self.said.append(decode(payload, NodeStatus).online)


def test_a_node_that_is_back_on_the_air_takes_the_place_of_its_last_will() -> None:
    loop = VirtualLoop()  # type: ignore[abstract]  # what it lacks, nobody here asks for
    broker, layout = FarmBroker(), lay_out(1)
    node = Node(
        "node",
        layout.nodes[3],
        kind=layout.kind,
        broker=broker,
        world=LiveWorld(
            build_house(HouseKind.COOP, seed=1, options={}),
            loop,
            lambda: datetime(2026, 3, 1, tzinfo=UTC),
        ),
        loop=loop,
        chance=Chance(1),
        moved=lambda *_: None,
    )
    ears = Ears(broker, layout.light.hardware_id)
    loop.run_until(40.0)
    node.mood.is_mute = True
    loop.run_until(140.0)
    assert ears.said[-1] is False

    node.mood.is_mute = False
    node.reconnect()
    loop.run_until(140.0 + ANSWER_S)

    assert ears.said[-1] is True
