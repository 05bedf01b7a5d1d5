"""What is one mailbox, one address, one network; what an entry may be; what a score means."""

from datetime import timedelta

import pytest

from billhead.domain.address import address_of, canonical_mail, network_of
from billhead.domain.errors import InvalidInput
from billhead.domain.fraud import (
    Entry,
    FraudRules,
    entry_matches,
    entry_value,
    rules_from,
    too_large,
    too_many,
    verdict_of,
)
from billhead.domain.money import Money


@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        ("Ada@Example.com", "ada@example.com"),
        ("ada+tv@example.com", "ada@example.com"),
        ("a.d.a+x@gmail.com", "ada@gmail.com"),
        ("ada@googlemail.com.", "ada@gmail.com"),
        ("a.da@example.com", "a.da@example.com"),  # elsewhere a dot is a letter
        ("+x@example.com", ""),
        ("ada", ""),
        ("ada@", ""),
        ("", ""),
        ('"a@b"@example.com', '"a@b"@example.com'),
    ],
)
def test_what_leads_to_one_mailbox(typed, mailbox):
    assert canonical_mail(typed) == mailbox


@pytest.mark.parametrize(
    ("ip", "address", "network"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:aaaa::7", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("no address", "", ""),
        ("", "", ""),
    ],
)
def test_what_one_subscriber_and_one_neighbourhood_have(ip, address, network):
    assert (address_of(ip), network_of(ip)) == (address, network)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("mail", "A.da+1@gmail.com", "ada@gmail.com"),
        ("domain", "@Example.com.", "example.com"),
        ("network", "203.0.113.9/24", "203.0.113.0/24"),
        ("network", "2001:db8::1", "2001:db8::1/128"),
        ("mac", "001a.79aa.bb01", "00:1A:79:AA:BB:01"),
        ("card", "0a" * 32, "0a" * 32),
    ],
)
def test_an_entry_is_kept_in_one_spelling(kind, typed, kept):
    assert entry_value(kind, typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("mail", "nobody"), ("mail", "a b@example.com"), ("domain", "localhost"), ("domain", "a@b.example"),
        ("network", "203.0.113.0/33"), ("mac", "12"), ("card", "4242424242424242"), ("phone", "1"),
        ("mail", ""), ("domain", "x" * 300 + ".com"),
    ],
)  # fmt: skip
def test_an_entry_that_can_mean_nobody_is_refused(kind, typed):
    with pytest.raises(InvalidInput):
        entry_value(kind, typed)


def test_entries_match_whom_they_name():
    who = {"mailbox": "ada@mail.example.com", "ip": "203.0.113.7", "card": "c" * 64, "mac": "00:1A:79:AA:BB:01"}
    nobody = {"mailbox": "", "ip": "", "card": "", "mac": ""}
    for kind, value in (
        ("mail", "ada@mail.example.com"), ("domain", "example.com"), ("network", "203.0.113.0/24"),
        ("card", "c" * 64), ("mac", "00:1A:79:AA:BB:01"),
    ):  # fmt: skip
        assert entry_matches(Entry(kind, value, allows=False), **who), kind
        assert not entry_matches(Entry(kind, value, allows=False), **nobody), kind
    assert not entry_matches(Entry("domain", "le.com", allows=False), **who)
    assert not entry_matches(Entry("network", "2001:db8::/32", allows=False), **who)


@pytest.mark.parametrize(
    ("score", "said", "unknown", "verdict"),
    [
        (0, [], False, "allow"),
        (49, [""], False, "allow"),
        (50, [""], False, "review"),
        (150, [""], False, "refuse"),
        (150, ["allow"], False, "allow"),
        (0, ["review"], False, "review"),
        (0, ["allow", "review"], False, "review"),
        (0, ["allow", "refuse"], False, "refuse"),
        (0, [], True, "allow"),
    ],
)
def test_a_score_and_what_checks_say_make_one_verdict(score, said, unknown, verdict):
    assert verdict_of(FraudRules(), score, said, unknown=unknown) == verdict


def test_the_operator_may_want_to_see_what_could_not_be_said():
    rules = FraudRules(unknown_is_review=True)
    assert verdict_of(rules, 0, [], unknown=True) == "review"
    assert verdict_of(rules, 0, ["allow"], unknown=True) == "allow"


def test_weights_grow_with_the_orders():
    assert [too_many(count, 3) for count in (0, 2, 3, 4, 30)] == [0, 0, 50, 75, 200]
    assert too_many(1000, 0) == 0


def test_a_large_first_order_is_doubted_until_something_was_paid():
    limits = {"EUR": 20000}
    assert too_large(Money(20001, "EUR"), limits, 0)
    assert not too_large(Money(20000, "EUR"), limits, 0)
    assert not too_large(Money(20001, "EUR"), limits, 1)
    assert not too_large(Money(99999, "USD"), limits, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"review_from": 0}, {"review_from": 60, "refuse_from": 50}, {"seconds": 21}, {"per_card": -1},
        {"window_hours": True}, {"largest_first": {"EUR": 0}}, {"trial_days": 200, "keep_days": 100},
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidInput):
        FraudRules(**wrong)


def test_rules_come_back_as_they_were_kept():
    rules = FraudRules(off=("mail", "country"), largest_first={"EUR": 1}, window_hours=48)
    assert rules_from({**rules.stored(), "of another release": 1}) == FraudRules(
        off=("country", "mail"), largest_first={"EUR": 1}, window_hours=48
    )
    assert timedelta(hours=rules_from({}).window_hours) == timedelta(days=1)
