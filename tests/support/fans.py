"""A coop with more than one fan, for what an autopilot lends."""

from dataclasses import replace
from uuid import UUID

from typing_extensions import override

from tests.support.engine import HOUSE, IDS, Bench, device, document
from tokkatot.automation.inputs import Loan
from tokkatot.automation.plan import plan_of
from tokkatot.domain.devices import ON, DeviceRole
from tokkatot.domain.ids import DeviceId

FANS = (IDS[DeviceRole.FAN], *(DeviceId(UUID(int=300 + n)) for n in range(3)))
MIDDLE_C, MAXIMUM_C, HARD_C = 26.0, 30.0, 35.0


class Coop(Bench):
    """A coop with four fans, as people have set it: warm at 22 °C, aired above 30 °C."""

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        held = document(self.kind)
        more = tuple(device(fan, DeviceRole.FAN) for fan in FANS[1:])
        self.document = replace(held, devices=(*held.devices, *more))
        self.plan = plan_of(self.document)
        self.greet()
        self.step()

    def lend(self, fan_share: float, *, shift_k: float = 0.0) -> None:
        self.step(loans=(Loan(house_id=HOUSE, shift_k=shift_k, fan_share=fan_share),))

    def at(self, celsius: float) -> None:
        self.temperature_c = celsius
        self.run(120, every_s=10)

    @property
    def turning(self) -> tuple[bool, ...]:
        """Which of the fans are asked to run."""
        levels = {one.device_id: one.target for one in self.last.decisions}
        return tuple(levels[fan] == ON for fan in FANS)

    def reason(self, fan: DeviceId) -> str:
        return next(one.winner.reason for one in self.last.decisions if one.device_id == fan)
