"""The sandbox's rate limits, which may be several for an operation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox import Limit
from sandbox.limits import RateLimits, worst

OPERATIONS = ("List", "Get", "Other")
LIMITS = st.dictionaries(
    st.sampled_from(["account", "burst", "operation", "some"]),
    st.builds(
        Limit,
        st.integers(1, 5),
        st.integers(1, 20).map(float),
        st.sets(st.sampled_from(OPERATIONS), max_size=2).map(tuple),
        st.booleans(),
    ),
)
CALLS = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 5)), max_size=60)


@given(LIMITS, CALLS)
def test_a_call_is_accepted_if_all_its_limits_have_room(
    limits: dict[str, Limit], calls: list[tuple[str, int]]
) -> None:
    """What is accepted keeps to every limit, and what is refused would have broken one."""
    rate_limits = RateLimits(limits)
    accepted: list[tuple[str, float]] = []
    now = 0.0
    for operation, wait in calls:
        now += wait
        kept = all(worst(limit, [*accepted, (operation, now)]) <= limit.requests for limit in limits.values())
        assert rate_limits.accepts(operation, now) is kept
        if kept:
            accepted.append((operation, now))


def test_limits_nest() -> None:
    """One for all operations, a short one for bursts, and one of a single operation, as Akamai has them."""
    limits = {"account": Limit(5, 60), "burst": Limit(3, 2), "details": Limit(1, 60, ("Get",))}
    rate_limits = RateLimits(limits)
    calls = [
        ("Get", 0),
        ("Get", 0),
        ("List", 0),
        ("List", 0),
        ("List", 0),
        ("List", 2),
        ("List", 2),
        ("List", 4),
    ]
    accepted = [rate_limits.accepts(*call) for call in calls]
    assert accepted == [True, False, True, True, False, True, True, False]
    assert {name: worst(limit, calls) for name, limit in limits.items()} == {
        "account": 8,
        "burst": 5,
        "details": 2,
    }
    rate_limits.reset()
    assert rate_limits.accepts("Get", 4)
