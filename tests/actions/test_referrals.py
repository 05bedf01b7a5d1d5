"""Friends whom customers bring: both get credit two weeks after the first payment, once, if it stands and is no trick.

A month of television is 12.55 EUR with tax; 5.00 EUR are for who refers, 3.00 EUR for the friend.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from card_shop import SYSTEM
from debt_shop import sound
from screened_shop import open_screened_shop, pays, place, somebody

from billhead import clock
from billhead.actions.credits._history import credit_history
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.buy_credit import buy_credit
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.credits.trust_customer import trust_customer
from billhead.actions.payments.charge_back import charge_back
from billhead.actions.payments.refund import refund
from billhead.actions.referrals._due import due_referrals
from billhead.actions.referrals._refer import refer
from billhead.actions.referrals.make_code import make_code
from billhead.actions.referrals.settle_referral import settle_referral
from billhead.actions.sellers.set_referral_rules import set_referral_rules
from billhead.actions.sellers.set_top_ups import set_top_ups
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.referral import ReferralRules, rewards_from, rewards_text
from billhead.domain.top_ups import TopUpTerms
from billhead.jobs.kinds import KINDS
from billhead.models.credits import CustomerCredit
from billhead.models.payments import Payment
from billhead.models.people import Customer, Reseller
from billhead.models.referrals import Referral
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service

RULES = ReferralRules(on=True, rewards={"EUR": (500, 300)}, most_a_month=2)
AWAY = "198.51.100.9"


@pytest.fixture
def shop(app):
    with open_screened_shop(app) as shop:
        shop.act(set_referral_rules, shop.seller, RULES)
        yield shop


def code(shop, customer=0):
    return shop.act(make_code, customer or shop.customer).code


def comes(shop, email="ben@example.com", by=None, **more):
    """A new customer, by the link of Aino unless another code is named."""
    friend, by = somebody(shop, email, **more), code(shop) if by is None else by
    shop.act(lambda tx: refer(tx, tx.session.get_one(Customer, friend), by))
    return friend


def buys(shop, customer, card="", **wish):
    pays(shop, place(customer, **{"ip": AWAY, **wish}), card)
    return shop.rows(Payment)[-1]


def run():
    KINDS["referrals.settle"].run(SYSTEM, {})


def states(shop):
    return [(one.state, one.reason) for one in shop.rows(Referral)]


def has(*customers):
    with reading() as session:
        return [usable_credit(session, session.get_one(Customer, one), "EUR").minor for one in customers]


def paid_and_waited(shop, friend, card="", **wish):
    """Paid on the 22nd of November, and looked at on the 6th of December."""
    payment = buys(shop, friend, card, **wish)
    run()
    with shop.at("2026-12-06"):
        run()
    return payment


def test_both_get_theirs_two_weeks_after_the_first_payment_and_once(shop):
    friend = comes(shop)
    run()
    assert states(shop) == [("waiting", "")], "nobody has paid yet"
    buys(shop, friend)
    for day in ("2026-11-22", "2026-12-05"):
        with shop.at(day):
            run()
        assert (states(shop), has(shop.customer, friend)) == ([("waiting", "")], [0, 0]), day
    for day in ("2026-12-06", "2026-12-07"):
        with shop.at(day):
            run()
            assert (states(shop), has(shop.customer, friend)) == ([("earned", "")], [500, 300]), day
    held = shop.balances()
    assert (held["credit_gifted"], held["gifted_expense"]) == (-800, 800)
    with reading() as session:
        (given,) = credit_history(session, shop.customer)
    assert (given.what, given.about, given.minor) == ("Given", "for a friend whom you brought", 500)
    sound()


def test_what_gifts_alone_have_paid_brings_nothing(shop):
    friend = comes(shop)
    shop.act(grant_credit, friend, Money(2000, "EUR"), "goodwill")
    shop.act(pay_with_credit, place(friend, ip=AWAY).document_id)
    with shop.at("2026-12-20"):
        run()
    assert states(shop) == [("waiting", "")]
    sound()


def test_credit_that_is_lent_brings_nothing_until_it_is_paid(shop):
    friend = comes(shop)
    shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, ())})
    shop.act(trust_customer, friend, Money(2000, "EUR"))
    with shop.at("2026-11-22"):
        ordered = shop.act(buy_credit, friend, Money(2000, "EUR")).document_id
        shop.act(pay_with_credit, place(friend, ip=AWAY).document_id)
    with shop.at("2026-12-06"):
        run()
        assert (states(shop), has(shop.customer, friend)) == ([("waiting", "")], [0, 745])
        shop.pay(shop.checkout(ordered))
        shop.hear("charge.succeeded")
        run()
        run()
        assert (states(shop), has(shop.customer, friend)) == ([("earned", "")], [500, 1045])
    sound()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("way", ["refund", "chargeback"])
def test_money_that_goes_back_takes_the_reward_along(shop, way, after):
    friend = comes(shop)
    shop.act(grant_credit, shop.customer, Money(100, "EUR"), "goodwill")
    payment = buys(shop, friend)
    run()
    with shop.at("2026-12-06"):
        if after:
            run()
            assert has(shop.customer, friend) == [600, 300]
            shop.act(grant_credit, friend, Money(955, "EUR"), "goodwill")
            shop.act(pay_with_credit, place(friend, ip=AWAY).document_id)  # the friend has spent theirs
            assert has(friend) == [0]
    with shop.at("2026-12-08"):
        if way == "refund":
            shop.act(refund, payment.id, payment.amount_minor, "source", reason="did not like it")
        else:
            shop.act(charge_back, payment.id, payment.amount_minor, "dp_1")
        run()
        run()
    assert states(shop) == [("taken_back" if after else "refused", "refunded")]
    assert has(shop.customer, friend) == [100, 0], "another gift stays"
    sound()


def test_after_its_days_it_is_theirs_for_good(shop):
    friend = comes(shop)
    payment = paid_and_waited(shop, friend)
    with shop.at("2027-04-06"):  # 121 days later
        shop.act(charge_back, payment.id, payment.amount_minor, "dp_1")
        run()
    assert (states(shop), has(shop.customer, friend)) == ([("earned", "")], [500, 300])


def test_a_second_account_of_the_same_person_brings_nothing(shop):
    shop.change(Customer, shop.customer, email="aino@gmail.com")
    buys(shop, shop.customer, "card-of-aino", ip="203.0.113.7")
    (line,) = shop.rows(Service)
    shop.change(Service, line.id, mac="00:1A:79:AA:BB:01")
    tricks = {
        "same_mailbox": ({"email": "a.i.n.o+tv@googlemail.com"}, {}),
        "same_card": ({"email": "b@example.com"}, {"card": "card-of-aino"}),
        "same_address": ({"email": "c@example.com"}, {"ip": "203.0.113.7"}),
        "same_box": ({"email": "d@example.com"}, {}),
    }
    for reason, (who, how) in tricks.items():
        friend = comes(shop, **who)
        buys(shop, friend, **how)
        if reason == "same_box":
            shop.change(Service, shop.rows(Service)[-1].id, mac="00:1A:79:AA:BB:01")
    with shop.at("2026-12-06"):
        run()
    assert states(shop) == [("refused", reason) for reason in tricks]
    assert shop.rows(CustomerCredit) == []


def test_who_was_a_customer_before_is_no_new_friend(shop):
    somebody(shop, "ben@example.com")
    paid_and_waited(shop, comes(shop, "ben+2@example.com"))
    assert states(shop) == [("refused", "known")]


def test_so_many_a_month_and_the_next_one_later(shop):
    for number in range(3):
        buys(shop, comes(shop, f"f{number}@example.com"), ip=f"198.51.100.{number + 20}")
    run()
    with shop.at("2026-12-06"):
        run()
    assert states(shop) == [("earned", ""), ("earned", ""), ("waiting", "")]
    with shop.at("2027-01-04"):
        run()
    assert states(shop)[-1] == ("waiting", "")
    with shop.at("2027-01-07"):
        run()
    assert (states(shop)[-1], has(shop.customer)) == (("earned", ""), [1500])
    sound()


def test_two_workers_pay_it_once(shop):
    friend = comes(shop)
    buys(shop, friend)
    run()
    (row,) = shop.rows(Referral)
    together = Barrier(2)

    def work():
        with shop.app.app_context():
            together.wait(timeout=10)
            with writing(SYSTEM) as tx:
                return settle_referral(tx, row.id).state

    with shop.at("2026-12-06"), ThreadPoolExecutor(2) as pool:
        done = [pool.submit(work), pool.submit(work)]
        assert [one.result(timeout=30) for one in done] == ["earned", "earned"]
    assert (has(shop.customer, friend), len(shop.rows(CustomerCredit))) == ([500, 300], 2)
    sound()


def test_a_code_of_another_seller_counts_for_nothing(shop):
    with writing(SYSTEM) as tx:
        other = Seller(code="x", name="X", legal_name="X", country="FI", currency="EUR", zone="UTC")
        tx.session.add(other)
        tx.session.flush()
        stranger = Customer(
            seller_id=other.id, name="Z", email="z@x.example", country="FI", currency="EUR", created_at=clock.now()
        )
        tx.session.add(stranger)
        tx.session.flush()
        there, strange = other.id, stranger.id
    with pytest.raises(Conflict, match="not offered"):
        code(shop, strange)
    shop.act(set_referral_rules, there, RULES)
    comes(shop, by=code(shop, strange))
    comes(shop, "cleo@example.com", by="NOSUCHCODE")
    comes(shop, "dora@example.com", by="")
    assert shop.rows(Referral) == []


def test_one_is_referred_once_and_never_by_oneself(shop):
    mine = code(shop)
    assert code(shop) == mine, "it stays"
    shop.act(lambda tx: refer(tx, tx.session.get_one(Customer, shop.customer), mine))
    assert states(shop) == []


def test_off_it_waits_and_a_resellers_customers_have_no_part(shop):
    friend = comes(shop)
    buys(shop, friend)
    shop.act(set_referral_rules, shop.seller, ReferralRules(rewards=RULES.rewards))
    with shop.at("2026-12-06"):
        run()
    assert (states(shop), has(friend)) == ([("waiting", "")], [0])
    with pytest.raises(Conflict):
        code(shop)
    shop.act(set_referral_rules, shop.seller, RULES)
    with writing(SYSTEM) as tx:
        reseller = Reseller(
            seller_id=shop.seller, code="r", name="R", tier="reseller", created_on=clock.today_in("UTC")
        )
        tx.session.add(reseller)
        tx.session.flush()
        under = reseller.id
    comes(shop, "eve@example.com", reseller_id=under)
    assert len(states(shop)) == 1, "who pays by credits of a reseller came by nobody"
    with shop.at("2026-12-07"):
        run()
    assert states(shop) == [("earned", "")], "what waited while it was off is not lost"


def test_nothing_is_looked_at_again_without_a_need(shop):
    paid_and_waited(shop, comes(shop))
    with reading() as session:
        assert due_referrals(session) == []


def test_another_customers_code_is_not_found(shop):
    friend = somebody(shop, "ben@example.com")
    me = Context(f"customer:{friend}", Role.CUSTOMER, Scope(customer_id=friend))
    with pytest.raises(NotFound), writing(me) as tx:
        make_code(tx, shop.customer)


def test_rewards_are_written_as_they_are_read():
    assert rewards_from("eur 5 3\nJPY 500 0") == {"EUR": (500, 300), "JPY": (500, 0)}
    assert rewards_text({"EUR": (500, 300)}) == "EUR 5.00 3.00"
    for wrong in ("EUR 5", "EUR 5 3\nEUR 1 1", "EUR 5.001 3"):
        with pytest.raises(InvalidInput, match="rewards"):
            rewards_from(wrong)
    for wrong in ({"EUR": (0, 0)}, {"EUR": (-5, 10)}, {"XCR": (5, 5)}, {}):
        with pytest.raises(InvalidInput, match="rewards"):
            ReferralRules(on=True, rewards=wrong)
    with pytest.raises(InvalidInput, match="waiting_days"):
        ReferralRules(waiting_days=-1)
