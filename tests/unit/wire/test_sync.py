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

    images: Bundle[FakeCard] = Bundle("images")
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
    def copy_card(self) -> FakeCard:
        return self.world.image()

    @rule(image=images)
    def restore_card(self, image: FakeCard) -> None:
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


def check(world: SyncWorld) -> None:
    world.heal(HEALS_WITHIN_S)
    world.check_nothing_doubled()
    world.check_nothing_lost()


def test_rows_of_two_lives_of_a_card_under_the_same_numbers_are_told_apart() -> None:
    """Found by the machine below: an older backup hides a life, a newer one shows it again."""
    world = SyncWorld()
    world.heal(1)
    older, image = world.cloud.backup(), world.image()
    world.heal(1)
    newer = world.cloud.backup()
    world.restore_card(image)
    world.restore_cloud(older)
    world.heal(1)
    world.restore_cloud(newer)
    check(world)


def test_a_card_that_brings_an_earlier_epoch_back_stores_nothing_twice() -> None:
    world = SyncWorld()
    world.heal(1)
    backup = world.cloud.backup()
    world.unlink()
    world.record(2)
    image = world.image()
    world.heal(1)
    world.restore_card(image)
    world.heal(1)
    world.restore_cloud(backup)
    world.heal(20)
    world.restore_card(image)
    check(world)


def test_what_a_lost_cloud_alone_had_comes_back_with_no_old_card() -> None:
    """Found by the machine below: what only the cloud had is gone with the cloud."""
    world = SyncWorld()
    world.link()
    backup, image = world.cloud.backup(), world.image()
    world.heal(1)
    world.restore_card(image)
    image = world.image()
    world.restore_cloud(backup)
    world.restore_card(image)
    check(world)


TestSync = Sync.TestCase
TestSync.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
