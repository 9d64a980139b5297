import pytest

from e2e.load_balancer.target_group import HealthCheck
from e2e.load_balancer.targets import Address, State, Target, TargetSet

CHECK = HealthCheck(healthy_threshold=3, unhealthy_threshold=2)
A, B = Address("10.0.11.130", 8000), Address("10.0.12.130", 8000)


def observed(*results: bool, state: State = State.INITIAL) -> State:
    target = Target(A, state)
    for passed in results:
        target.observe(CHECK, passed=passed)
    return target.state


@pytest.mark.parametrize(
    ("state", "results", "expected"),
    [
        (State.INITIAL, [True], State.HEALTHY),  # one good check, whatever the threshold
        (State.INITIAL, [False], State.INITIAL),
        (State.INITIAL, [False, False], State.UNHEALTHY),
        (State.HEALTHY, [False], State.HEALTHY),
        (State.HEALTHY, [False, True, False], State.HEALTHY),  # not in a row
        (State.HEALTHY, [False, False], State.UNHEALTHY),
        (State.UNHEALTHY, [True, True], State.UNHEALTHY),
        (State.UNHEALTHY, [True, True, True], State.HEALTHY),
        (State.DRAINING, [True, True, True], State.DRAINING),
    ],
)
def test_health_checks_move_a_target(state: State, results: list[bool], expected: State) -> None:
    assert observed(*results, state=state) is expected


def with_states(*wanted: State) -> TargetSet:
    targets = TargetSet()
    for number, state in enumerate(wanted):
        target = targets.register(Address("10.0.11.130", 8000 + number))
        assert target is not None
        target.state = state
    return targets


def chosen_ports(targets: TargetSet, times: int) -> list[int]:
    return sorted(target.address.port for _ in range(times) if (target := targets.choose()))


def test_healthy_targets_take_turns_and_others_get_nothing() -> None:
    targets = with_states(State.HEALTHY, State.UNHEALTHY, State.HEALTHY, State.DRAINING)
    assert chosen_ports(targets, 4) == [8000, 8000, 8002, 8002]


def test_without_a_healthy_target_all_but_draining_ones_are_tried() -> None:
    targets = with_states(State.UNHEALTHY, State.INITIAL, State.DRAINING)
    assert chosen_ports(targets, 4) == [8000, 8000, 8001, 8001]


def test_nobody_registered_means_nobody_chosen() -> None:
    assert with_states(State.DRAINING).choose() is None


def test_an_address_that_comes_back_while_draining_is_a_new_target() -> None:
    targets = TargetSet()
    old = targets.register(A)
    assert old is not None
    assert targets.register(A) is None
    targets.drain(A)
    new = targets.register(A)
    assert new is not None
    targets.forget(old)  # the old one's delay is over: the new one stays
    assert targets.registered() == {A}


def test_draining_twice_changes_nothing() -> None:
    targets = TargetSet()
    targets.register(B)
    assert targets.drain(B) is not None
    assert targets.drain(B) is None
