"""Which change of plan is allowed, and when."""

import pytest

from billhead.domain.changes import ChangeRule, Offering, When, allowed_change
from billhead.domain.errors import CurrencyMismatch
from billhead.domain.money import Money
from billhead.domain.periods import Term

BASIC, FAMILY, MOVIES = 1, 2, 3


def offering(plan=BASIC, price="10.00", term="1 month", *, family="tv", tier=1, currency="EUR"):
    return Offering(plan, family, tier, Term.parse(term), Money.parse(price, currency))


@pytest.mark.parametrize(
    ("new", "when"),
    [
        (offering(FAMILY, "15.00", tier=2), When.IMMEDIATE),
        (offering(FAMILY, "5.00", tier=2), When.END_OF_TERM),
        (offering(FAMILY, "100.00", "1 year", tier=2), When.END_OF_TERM),  # 0.274 a day after 0.329
        (offering(FAMILY, "125.00", "12 months", tier=2), When.IMMEDIATE),  # 0.342 a day
        (offering(FAMILY, "10.00", "30 days", tier=2), When.IMMEDIATE),  # an average month is longer than 30 days
        (offering(FAMILY, "10.00", tier=2), When.IMMEDIATE),  # as much, and a higher tier
        (offering(FAMILY, "10.00", tier=0), When.END_OF_TERM),  # as much, and a lower one
        (offering(MOVIES, "15.00", family="movies"), When.FORBIDDEN),
        (offering(MOVIES, "15.00", family=""), When.FORBIDDEN),
    ],
)
def test_without_a_rule_the_price_of_a_day_decides(new, when):
    assert allowed_change(offering(), new) == when


def test_free_to_paid_is_immediate_and_back_at_the_end():
    free, paid = offering(price="0.00", tier=0), offering(FAMILY, "10.00")
    assert allowed_change(free, paid) == When.IMMEDIATE
    assert allowed_change(paid, free) == When.END_OF_TERM


def test_the_rule_for_the_term_goes_before_the_one_for_any():
    rules = [
        ChangeRule(BASIC, FAMILY, None, When.FORBIDDEN),
        ChangeRule(BASIC, FAMILY, Term("year"), When.END_OF_TERM),
        ChangeRule(FAMILY, BASIC, None, When.IMMEDIATE),
    ]
    assert allowed_change(offering(), offering(FAMILY, "15.00"), rules) == When.FORBIDDEN
    assert allowed_change(offering(), offering(FAMILY, "150.00", "12 months"), rules) == When.END_OF_TERM
    assert allowed_change(offering(FAMILY, "15.00"), offering(), rules) == When.IMMEDIATE


@pytest.mark.parametrize("usual", [When.IMMEDIATE, When.END_OF_TERM])
def test_a_plan_says_when_its_changes_are_made(usual):
    dear, cheap, longer = offering(FAMILY, "15.00", tier=2), offering(FAMILY, "5.00", tier=0), offering(term="1 year")
    assert {allowed_change(offering(), new, usual=usual) for new in (dear, cheap, longer)} == {usual}
    assert allowed_change(offering(), offering(MOVIES, family="movies"), usual=usual) == When.FORBIDDEN
    rule = [ChangeRule(BASIC, FAMILY, None, When.FORBIDDEN)]
    assert allowed_change(offering(), dear, rule, usual) == When.FORBIDDEN
    # another screen of the same plan, for as long, goes by money
    assert (
        allowed_change(offering(term="12 months"), offering(price="13.00", term="1 year"), usual=usual)
        == When.IMMEDIATE
    )
    assert allowed_change(offering(price="13.00"), offering(), usual=usual) == When.END_OF_TERM


def test_a_rule_opens_a_way_between_families():
    movies = offering(MOVIES, "15.00", family="movies")
    assert allowed_change(offering(), movies, [ChangeRule(BASIC, MOVIES, None, When.IMMEDIATE)]) == When.IMMEDIATE


def test_two_currencies_are_refused():
    with pytest.raises(CurrencyMismatch):
        allowed_change(offering(), offering(FAMILY, "15.00", currency="USD"))
