"""When a line looks shared: by how much it is over the operator's limits, and with a reason for each point."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.address import network_of
from billhead.domain.errors import InvalidInput
from billhead.domain.sharing import Session, judge
from billhead.domain.watching import WatchingRules, masked, rules_from

RULES = WatchingRules(most_addresses=2, most_networks=2, most_countries=2, overlap_minutes=5)
HOUR = 3600


def session(start=0, minutes=60, ip="203.0.113.7", country="FI"):
    return Session(start * HOUR, start * HOUR + minutes * 60, ip, country)


def test_a_household_that_zaps_all_evening_has_no_score():
    evening = [session(hour, 55) for hour in range(6)]
    assert judge(evening, 1, RULES).score == 0


def test_many_places_are_told_apart_by_network_and_country():
    places = [session(n * 2, ip=f"198.51.{n}.1", country=code) for n, code in enumerate(("FI", "SE", "DE", "FR"))]
    finding = judge(places, 1, RULES)
    assert finding.reasons == {
        "addresses": {"was": 4, "may_be": 2},
        "networks": {"was": 4, "may_be": 2},
        "countries": {"was": 4, "may_be": 2},
    }
    assert finding.score == 3 * 100  # each twice what it may be


def test_a_phone_that_moves_within_its_network_is_one_network():
    moving = [session(n, ip=f"2001:db8:1:{n}::{n}") for n in range(9)]
    assert set(judge(moving, 1, RULES).reasons) == {"addresses"}


def test_more_streams_at_once_than_were_sold_count_by_the_minute():
    two = [session(0, 60), session(0, 60)]
    assert judge(two, 2, RULES).score == 0
    assert judge(two, 1, RULES).reasons == {"overlap_minutes": {"was": 60, "may_be": 5}}
    handover = [session(0, 60), Session(HOUR, 2 * HOUR, "203.0.113.7", "FI")]  # one begins as the other ends
    assert judge(handover, 1, RULES).score == 0


SOME = st.lists(
    st.builds(
        session, st.integers(0, 20), st.integers(1, 120), st.sampled_from(["", "203.0.113.7", "198.51.100.1", "::1"]),
        st.sampled_from(["", "FI", "SE"]),
    ),
    max_size=12,
)  # fmt: skip


@given(sessions=SOME, order=st.randoms(use_true_random=False))
def test_a_score_has_a_reason_whatever_the_order(sessions, order):
    found = judge(sessions, 1, RULES)
    assert (found.score > 0) == bool(found.reasons)
    shuffled = sessions[:]
    order.shuffle(shuffled)
    assert judge(shuffled, 1, RULES) == found
    assert judge(sessions, 99, RULES).score <= found.score


@pytest.mark.parametrize(
    ("ip", "network", "shown"),
    [
        ("203.0.113.7", "203.0.113.0/24", "203.0.113.x"),
        ("2001:db8:1:2::3", "2001:db8:1::/48", "2001:db8:1:…"),
        ("::ffff:203.0.113.7", "203.0.113.0/24", "203.0.113.x"),
        ("not an address", "", ""),
        ("", "", ""),
    ],
)
def test_addresses_are_put_together_and_shown_in_part(ip, network, shown):
    assert network_of(ip) == network
    assert masked(ip) == shown


def test_rules_are_read_with_what_is_missing_as_it_comes_and_refused_out_of_bounds():
    assert rules_from({"resets_a_day": 1, "of another release": 5}) == WatchingRules(resets_a_day=1)
    for wrong in ({"resets_a_day": 101}, {"acts_by_itself": "shout"}, {"address_days": 500}, {"code_days": "9"}):
        with pytest.raises(InvalidInput):
            WatchingRules(**wrong)
