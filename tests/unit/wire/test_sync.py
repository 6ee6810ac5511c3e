"""Both ends of the session, with everything between them that a farm's line can do."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from typing_extensions import override

from tests.support.fake_cloud import Stored
from tests.support.fake_journal import FakeCard
from tests.support.sync_world import SyncWorld

HEALS_WITHIN_S = 120
SMALL = st.integers(min_value=0, max_value=7)


class Sync(RuleBasedStateMachine):
    """Nothing lost, nothing doubled, and all of it at the cloud soon after the line heals."""

    images: Bundle[tuple[FakeCard, set[int]]] = Bundle("images")
    backups: Bundle[Stored] = Bundle("backups")

    @initialize()
    def begin(self) -> None:
        self.world = SyncWorld()
        self.world.record(3)
        self.world.link()

    @rule(count=st.integers(min_value=1, max_value=12))
    def record(self, count: int) -> None:
        self.world.record(count)

    @rule()
    def read(self) -> None:
        self.world.read()

    @rule(seconds=st.sampled_from([0.2, 1.0, 5.0, 16.0, 50.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(index=SMALL)
    def deliver_up(self, index: int) -> None:
        if self.world.up:
            self.world.deliver_up(index)

    @rule(index=SMALL)
    def deliver_down(self, index: int) -> None:
        if self.world.down:
            self.world.deliver_down(index)

    @rule()
    def flow(self) -> None:
        self.world.heal(1)

    @rule(index=SMALL)
    def lose(self, index: int) -> None:
        for messages in (self.world.up, self.world.down):
            del messages[index : index + 1]

    @rule(index=SMALL)
    def double(self, index: int) -> None:
        for messages in (self.world.up, self.world.down):
            messages.extend(messages[index : index + 1])

    @rule()
    def cloud_dies_before_it_answers(self) -> None:
        if self.world.up:
            self.world.deliver_up(answered=False)

    @rule()
    def line_goes_half_open(self) -> None:
        self.world.is_half_open = self.world.is_linked

    @rule()
    def link(self) -> None:
        self.world.link()

    @rule()
    def unlink(self) -> None:
        self.world.unlink()

    @rule()
    def hub_dies(self) -> None:
        self.world.boot()

    @rule(target=images)
    def copy_card(self) -> tuple[FakeCard, set[int]]:
        return self.world.image()

    @rule(image=images)
    def restore_card(self, image: tuple[FakeCard, set[int]]) -> None:
        self.world.restore_card(image)

    @rule(target=backups)
    def back_cloud_up(self) -> Stored:
        return self.world.cloud.backup()

    @rule(backup=backups)
    def restore_cloud(self, backup: Stored) -> None:
        self.world.restore_cloud(backup)

    @invariant()
    def nothing_is_doubled(self) -> None:
        self.world.check_nothing_doubled()

    @override
    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.heal(HEALS_WITHIN_S)
        self.world.check_nothing_doubled()
        self.world.check_nothing_lost()


TestSync = Sync.TestCase
TestSync.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
