from tokkatot.kit.backoff import Backoff


def test_the_wait_doubles_up_to_its_cap_and_starts_again_after_a_success() -> None:
    backoff = Backoff(first_s=1.0, cap_s=5.0, random=lambda: 1.0)

    waits = [backoff.next_s() for _ in range(4)]
    backoff.reset()

    assert waits == [1.0, 2.0, 4.0, 5.0]
    assert backoff.next_s() == 1.0


def test_the_wait_is_never_less_than_half_its_ceiling() -> None:
    backoff = Backoff(first_s=1.0, cap_s=5.0, random=lambda: 0.0)

    assert [backoff.next_s() for _ in range(4)] == [0.5, 1.0, 2.0, 2.5]
