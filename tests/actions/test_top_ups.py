"""Credit that is bought ahead: there when it is paid and not before, topped up by itself, and gone with a chargeback.

A customer of the card shop pays in EUR; a month of television is 10.00 and 25.5 % tax, 12.55 together.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from threading import Barrier

import pytest
from card_shop import SYSTEM, open_card_shop
from debt_shop import sound

from billhead.actions.credits._charged_back import charged_back_debt
from billhead.actions.credits._history import credit_history
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.buy_credit import buy_credit
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.credits.set_wallet import WalletWish, set_wallet
from billhead.actions.credits.stop_top_up import stop_top_up
from billhead.actions.freeze import set_freeze
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._disputing import booked_of
from billhead.actions.payments.refund import refund
from billhead.actions.payments.send_refund import send_refund
from billhead.actions.sellers._top_up_terms import terms_from, terms_text
from billhead.actions.sellers.set_top_ups import set_top_ups
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.top_ups import Bonus, TopUpTerms
from billhead.jobs.kinds import KINDS
from billhead.models.credits import AutoTopUp, CustomerCredit, CustomerWallet
from billhead.models.documents import Document
from billhead.models.payments import Dispute, Payment, PaymentAttempt, PaymentMethod, Refund
from billhead.models.people import Customer
from billhead.plugin import AttemptState, Outcome
from billhead.plugin_host import vault

FUNDS = "4000000000009995"
WISH = WalletWish(alert_below_minor=600, top_up_below_minor=500, top_up_minor=2000, most_a_day=1, most_a_month=2)


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (1000, 2000))})
        yield shop


def eur(minor):
    return Money(minor, "EUR")


def usable(shop):
    with reading() as session:
        return usable_credit(session, session.get_one(Customer, shop.customer), "EUR").minor


def top_up(shop, minor=2000):
    """Bought and paid on the processor's page."""
    ordered = shop.act(buy_credit, shop.customer, eur(minor)).document_id
    shop.pay(shop.checkout(ordered))
    shop.hear("charge.succeeded")
    return ordered


def came(shop, page, minor, ref="inv1"):
    """As where payers send what they like: so much altogether by now."""

    def apply(tx):
        attempt = tx.session.get_one(PaymentAttempt, page.attempt_id, with_for_update=True)
        apply_outcome(tx, attempt, Outcome(AttemptState.SUCCEEDED, ref, eur(minor), as_paid=True))

    shop.act(apply)


def gifted(shop):
    return [
        (lot.amount_minor, lot.remaining_minor) for lot in shop.rows(CustomerCredit, CustomerCredit.kind == "gifted")
    ]


def watch(shop):
    KINDS["credits.watch"].run(SYSTEM, {})


def by_itself():
    """How many top-ups came without being asked for."""
    with reading() as session:
        return session.query(AutoTopUp).count()


def saved_card(shop):
    """Somebody with a saved card, a running subscription and no credit."""
    shop.bought(save=True)
    return shop.rows(PaymentMethod)[-1].id


def test_credit_is_there_when_it_is_paid_and_not_before(shop):
    ordered = shop.act(buy_credit, shop.customer, eur(2000)).document_id
    checkout = shop.checkout(ordered)
    assert (usable(shop), shop.row(Document, ordered).state) == (0, "open")
    shop.pay(checkout, FUNDS)
    shop.hear("charge.failed")
    assert usable(shop) == 0
    shop.pay(shop.checkout(ordered))
    assert shop.hear("charge.succeeded") == ["applied"]
    assert (usable(shop), shop.row(Document, ordered).state) == (2000, "settled")
    assert shop.invoices() == [], "what credit pays is invoiced and taxed when it is billed"
    # 20.00 paid, less the processor's fee of 0.30; all of it is owed to the customer
    assert shop.balances() == {"clearing": 1970, "fees": 30, "credit_bought": -2000}
    assert shop.notices() == ["receipt"]
    with reading() as session:
        assert [(one.what, one.minor) for one in credit_history(session, shop.customer)] == [("Topped up", 2000)]
    sound()


def test_what_is_sent_in_parts_settles_it_with_the_last_and_only_the_rest_is_asked_for(shop):
    ordered = shop.act(buy_credit, shop.customer, eur(2000)).document_id
    page = shop.checkout(ordered)
    came(shop, page, 1200)
    assert (shop.row(Document, ordered).state, usable(shop)) == ("open", 1200)
    shop.checkout(ordered)
    assert shop.rows(PaymentAttempt)[-1].amount_minor == 800
    came(shop, page, 2100)
    assert (shop.row(Document, ordered).state, usable(shop)) == ("settled", 2100)
    assert sum(shop.balances().values()) == 0


def test_an_order_that_waits_gives_way_to_the_next_one(shop):
    first = shop.act(buy_credit, shop.customer, eur(1000)).document_id
    second = shop.act(buy_credit, shop.customer, eur(2000)).document_id
    assert [shop.row(Document, one).state for one in (first, second)] == ["void", "open"]
    shop.checkout(second)  # somebody stands at the processor's page
    third = shop.act(buy_credit, shop.customer, eur(1000)).document_id
    assert [shop.row(Document, one).state for one in (second, third)] == ["open", "open"]


def test_what_is_paid_twice_is_credit_once_for_each(shop):
    ordered = shop.act(buy_credit, shop.customer, eur(1000)).document_id
    first, second = shop.checkout(ordered), shop.checkout(ordered)
    shop.pay(first)
    shop.pay(second)
    shop.hear("charge.succeeded", 2)
    assert [(lot.remaining_minor, lot.reason[:9]) for lot in shop.rows(CustomerCredit)] == [
        (1000, "topped up"), (1000, "overpaid:"),
    ]  # fmt: skip


def test_who_owes_pays_that_first_and_credit_never_buys_credit(shop):
    with shop.at("2026-11-22"):
        shop.bought()
    with shop.at("2026-12-10"):
        top_up(shop)
        ordered = shop.act(buy_credit, shop.customer, eur(1000)).document_id
        with pytest.raises(Conflict, match="not bought with credit"):
            shop.act(pay_with_credit, ordered)
        # the whole amount is asked for, though there is credit
        shop.checkout(ordered)
        assert shop.rows(PaymentAttempt)[-1].amount_minor == 1000


@pytest.mark.parametrize(
    ("minor", "told"), [(499, "from 5.00 EUR to 500.00 EUR"), (50001, "from 5.00 EUR to 500.00 EUR"), (-1, "from")]
)
def test_amounts_are_the_operator_s(shop, minor, told):
    with pytest.raises(InvalidInput, match=told):
        shop.act(buy_credit, shop.customer, eur(minor))


def test_nobody_buys_for_others_and_nothing_where_it_is_not_sold(shop):
    stranger = Context("customer:99", Role.CUSTOMER, Scope(customer_id=99))
    with pytest.raises(NotFound), writing(stranger) as tx:
        buy_credit(tx, shop.customer, eur(1000))
    with pytest.raises(NotFound), writing(stranger) as tx:
        set_wallet(tx, shop.customer, WISH)
    shop.act(set_top_ups, shop.seller, {})
    with pytest.raises(Conflict, match="can't be bought here"):
        shop.act(buy_credit, shop.customer, eur(1000))


def test_terms_are_written_as_they_are_read():
    text = "EUR 5.00 500.00 10.00 25.00 25.00+2.00 50.00+12.50%\nJPY 500 50000"
    read = terms_from(text)
    assert read == {
        "EUR": TopUpTerms(500, 50000, (1000, 2500), (Bonus(2500, 200), Bonus(5000, points=1250))),
        "JPY": TopUpTerms(500, 50000),
    }
    stored = {code: asdict(one) for code, one in read.items()}
    assert terms_text(stored) == text
    for wrong in (
        "EUR",
        "EUR 5",
        "EUR 5 1",
        "EUR 5 50 100",
        "EUR x 5",
        "EUR 0 5",
        "EUR 1 5\nEUR 1 5",
        "XQX 1 5",
        "EUR 5 50 10+11",
        "EUR 5 50 10+",
        "EUR 5 50 10+101%",
        "EUR 5 50 4+1",
        "EUR 5 50 10+0%",
        "EUR 5 500 25+2 25+5",
        "EUR 5 500 25+2 50+5 25.00+10%",
        "EUR 5 10+1",
    ):
        with pytest.raises(InvalidInput):
            terms_from(wrong)


@pytest.mark.parametrize(("minor", "bonus"), [(1999, 0), (2000, 100), (4999, 100), (5000, 625), (5001, 625)])
def test_of_the_bonuses_the_highest_that_is_reached_counts(minor, bonus):
    terms = TopUpTerms(500, 50000, bonuses=(Bonus(2000, 100), Bonus(5000, points=1250)))
    assert terms.bonus(eur(minor)) == eur(bonus)  # 12.5 % of 50.01 is 6.25125


def test_a_bonus_is_a_gift_beside_what_was_bought_and_goes_back_with_it(shop):
    shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (2000,), (Bonus(2000, points=1000),))})
    top_up(shop, 1000)
    assert usable(shop) == 1000
    ordered = top_up(shop, 3000)
    assert [(lot.kind, lot.remaining_minor, lot.payment_id) for lot in shop.rows(CustomerCredit)] == [
        ("bought", 1000, 1), ("bought", 3000, 2), ("gifted", 300, None),
    ]  # fmt: skip
    with reading() as session:
        history = credit_history(session, shop.customer)
    assert [(one.what, one.minor) for one in history][1:] == [("Topped up", 3000), ("Bonus of a top-up", 300)]
    assert history[-1].about == ""
    shop.act(pay_with_credit, shop.order().document_id)  # 12.55: the gift first, then 9.55 of what was bought first
    assert usable(shop) == 4300 - 1255
    shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (2000,), (Bonus(2000, 500),))})
    again = top_up(shop, 2000)
    attempt = shop.rows(PaymentAttempt, PaymentAttempt.document_id == again)[-1]
    shop.control("dispute", reference=attempt.key, status="opened", fee=0)
    shop.hear("dispute.opened")
    assert usable(shop) == 4300 - 1255
    attempt = shop.rows(PaymentAttempt, PaymentAttempt.document_id == ordered)[-1]
    shop.control("dispute", reference=attempt.key, status="opened", fee=0)
    shop.hear("dispute.opened")
    assert usable(shop) == 45, "what was spent of a gift stays spent"
    sound()


def test_a_bonus_that_went_with_the_money_comes_again_with_it(shop):
    shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (2000,), (Bonus(2000, points=1000),))})
    top_up(shop, 3000)
    paid = shop.rows(Payment)[-1]
    shop.control("cards", refund_status="failed")
    for _ in range(2):  # half of 30.00 with half of the 3.00, sent in vain and again
        half = shop.act(refund, paid.id, 1500, "source", reason="asked for")
        assert (usable(shop), shop.row(Refund, half.refund_id).amount_minor) == (1650, 1500)
        assert send_refund(SYSTEM, half.refund_id) == "failed"
        assert usable(shop) == 3300
        sound()
    shop.act(pay_with_credit, shop.order().document_id)  # 12.55: the 3.00 first, then 9.55
    attempt = shop.rows(PaymentAttempt, PaymentAttempt.state == "succeeded")[0]
    for status in ("opened", "won"):
        shop.control("dispute", reference=attempt.key, status=status, fee=0)
        shop.hear(f"dispute.{status}")
        assert usable(shop) == {"opened": 0, "won": 3000 - 955}[status], "what was spent of a gift comes no second time"
    sound()


def test_of_a_bonus_what_was_left_comes_again_when_a_dispute_is_won(shop):
    shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (2000,), (Bonus(2000, points=5000),))})
    ordered = top_up(shop, 3000)  # and 15.00
    shop.act(pay_with_credit, shop.order().document_id)  # 12.55 of the 15.00
    attempt = shop.rows(PaymentAttempt, PaymentAttempt.document_id == ordered)[-1]
    shop.control("dispute", reference=attempt.key, status="opened", fee=0)
    shop.hear("dispute.opened")
    (dispute,) = shop.rows(Dispute)
    assert (usable(shop), booked_of(dispute), dispute.taken[-1][0::2]) == (0, 3000, ["bonus", 245])
    shop.control("dispute", reference=attempt.key, status="won", fee=0)
    shop.hear("dispute.won")
    assert usable(shop) == 3000 + 245
    sound()


def test_a_bonus_is_its_order_s_whichever_payment_goes_back(shop):
    """20.00 brings 5.00. What is sent beyond the 20.00 has brought none, and what staff write is no bonus."""
    shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (2000,), (Bonus(2000, 500),))})
    page = shop.checkout(shop.act(buy_credit, shop.customer, eur(2000)).document_id)
    came(shop, page, 1990)
    assert gifted(shop) == []
    came(shop, page, 2000)
    assert gifted(shop) == [(500, 500)]
    shop.act(grant_credit, shop.customer, eur(700), "bonus: payment 1")
    shop.act(grant_credit, shop.customer, eur(900), "Bonus of a top-up")
    most, rest = shop.rows(Payment)
    shop.act(refund, most.id, 1990, "source", reason="asked for")
    assert gifted(shop) == [(500, 2), (700, 700), (900, 900)], "4.975 of it are 4.98"
    shop.act(refund, rest.id, 10, "source", reason="asked for")
    assert gifted(shop) == [(500, 0), (700, 700), (900, 900)]
    with reading() as session:
        told = [(one.what, one.about) for one in credit_history(session, shop.customer) if one.minor in (500, 700)]
    assert told == [("Bonus of a top-up", ""), ("Given", "bonus: payment 1")]
    sound()

    for ref, minor, left in (("inv2", 3000, 500), ("inv3", 4000, 250)):
        came(shop, shop.checkout(shop.act(buy_credit, shop.customer, eur(2000)).document_id), 5000, ref)
        shop.act(refund, shop.rows(Payment)[-1].id, minor, "source", reason="asked for")
        assert gifted(shop)[-1] == (500, left)
    sound()


def test_staff_stop_what_is_topped_up_by_itself(shop):
    with pytest.raises(Conflict, match="not topped up"):
        shop.act(stop_top_up, shop.customer)
    saved_card(shop)
    shop.act(set_wallet, shop.customer, WISH)
    watch(shop)
    assert by_itself() == 1
    assert shop.act(stop_top_up, shop.customer).voided == 1
    charged = shop.attempts()
    shop.collect_due()
    watch(shop)
    assert shop.attempts() == charged, "nobody is charged for what was ordered by itself"
    assert (by_itself(), usable(shop)) == (1, 0)
    assert shop.row(CustomerWallet, shop.customer).stopped_because == "by_staff"
    assert shop.notices()[-1] == "top_up_stopped"
    with pytest.raises(Conflict, match="not topped up"):
        shop.act(stop_top_up, shop.customer)


def test_two_renewals_at_once_can_not_spend_the_same_credit(shop):
    with shop.at("2026-11-22"):
        started = [shop.order().document_id for _ in range(2)]
        top_up(shop)  # 20.00, and each order is 12.55
        barrier = Barrier(2)

        def spend(document):
            with shop.app.app_context(), shop.at("2026-11-22"):
                barrier.wait()
                try:
                    return shop.act(pay_with_credit, document).paid_minor
                except Conflict as refused:
                    return refused.code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(map(str, pool.map(spend, started))) == ["1255", "credit_too_small"]
    assert (usable(shop), len(shop.invoices())) == (745, 1)  # 20.00 - 12.55
    sound()


def test_told_once_a_fall(shop):
    shop.act(set_wallet, shop.customer, WalletWish(alert_below_minor=600))
    for minor in (0, 0, 700):
        if minor:
            top_up(shop, minor)
        watch(shop)
        watch(shop)
    assert shop.notices("low_credit") == ["low_credit"]
    (lot,) = shop.rows(CustomerCredit)
    shop.change(CustomerCredit, lot.id, remaining_minor=599)
    with shop.at("2026-12-24"):
        watch(shop)
        watch(shop)
    assert shop.notices("low_credit") == ["low_credit"] * 2


def test_topped_up_by_itself_at_most_so_often(shop):
    with shop.at("2026-11-22"):
        saved_card(shop)
        shop.act(set_wallet, shop.customer, WISH)
        watch(shop)
        watch(shop)
        assert by_itself() == 1
        assert shop.collect_due() == ["succeeded"]
        assert usable(shop) == 2000
        (lot,) = shop.rows(CustomerCredit)
        shop.change(CustomerCredit, lot.id, remaining_minor=0)
        watch(shop)
        assert by_itself() == 1, "one in 24 hours"
    with shop.at("2026-11-24"):
        watch(shop)
        shop.collect_due()
        shop.change(CustomerCredit, shop.rows(CustomerCredit)[-1].id, remaining_minor=0)
    for day, count in (("2026-12-10", 2), ("2026-12-23", 3)):
        with shop.at(day):
            watch(shop)
            assert by_itself() == count, "two in 30 days"


def test_filled_up_to_20_00_with_what_is_missing(shop):
    """4.00 is there: 16.00 comes. Of 17.00 only 3.00 is missing, and the least that is sold is 5.00."""
    saved_card(shop)
    top_up(shop, 2000)
    shop.act(set_wallet, shop.customer, WalletWish(0, 1800, 2000, most_a_day=5, most_a_month=5, fill_up=True))
    for there, after in ((400, 2000), (1700, 2200)):
        first, *others = shop.rows(CustomerCredit)
        shop.change(CustomerCredit, first.id, remaining_minor=there)
        for other in others:
            shop.change(CustomerCredit, other.id, remaining_minor=0)
        watch(shop)
        shop.collect_due()
        watch(shop)
        assert usable(shop) == after
    assert by_itself() == 2


def test_topped_up_every_month_once_and_what_was_missed_is_not_made_up_for(shop):
    with shop.at("2026-11-22"):
        saved_card(shop)
        wish = WalletWish(0, 0, 2000, most_a_month=4, top_up_every="1 month")
        shop.act(set_wallet, shop.customer, wish)
    for day, count in (("2026-12-21", 0), ("2026-12-22", 1), ("2026-12-23", 1), ("2027-03-01", 2), ("2027-03-22", 3)):
        with shop.at(day):
            watch(shop)
            watch(shop)
            shop.collect_due()
            assert (by_itself(), usable(shop)) == (count, 2000 * count)
    with shop.at("2027-04-01"):
        shop.act(set_wallet, shop.customer, WalletWish(0, 0, 2000, most_a_month=4, top_up_every="1 week", fill_up=True))
    for day in ("2027-04-08", "2027-04-15"):
        with shop.at(day):
            watch(shop)
    assert by_itself() == 3, "nothing is missing of 20.00"
    with reading() as session:
        assert str(session.get_one(CustomerWallet, shop.customer).top_up_next_on) == "2027-04-22"


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (WalletWish(top_up_minor=2000, top_up_every="1 day"), "must be one of 1 week, 1 month"),
        (WalletWish(top_up_minor=2000), "say below what it is topped up"),
        (WalletWish(top_up_minor=2000, top_up_below_minor=2001, fill_up=True), "must not be less than"),
    ],
)
def test_what_can_not_be_topped_up_is_refused(shop, wish, why):
    saved_card(shop)
    with pytest.raises(InvalidInput, match=why):
        shop.act(set_wallet, shop.customer, wish)


def test_nothing_is_topped_up_while_charges_are_stopped(shop):
    saved_card(shop)
    shop.act(set_wallet, shop.customer, WISH)
    shop.act(set_freeze, "charges", True)
    watch(shop)
    assert by_itself() == 0
    shop.act(set_freeze, "charges", False)
    watch(shop)
    assert by_itself() == 1


def test_a_hard_decline_turns_it_off_and_tells(shop):
    method = saved_card(shop)
    shop.act(set_wallet, shop.customer, WISH)
    shop.change(PaymentMethod, method, token=vault().encrypt("tok_lost"))
    watch(shop)
    assert shop.collect_due() == ["failed"]
    assert shop.row(CustomerWallet, shop.customer).stopped_because == "hard_decline"
    assert shop.notices("top_up_stopped") == ["top_up_stopped"]
    assert shop.jobs("payments.collect") == []
    watch(shop)
    assert by_itself() == 1
    with pytest.raises(Conflict, match="no saved payment method"):
        shop.act(set_wallet, shop.customer, WISH)


def test_a_chargeback_of_spent_credit_leaves_less_than_nothing_until_it_is_paid(shop):
    saved_card(shop)
    ordered = top_up(shop)
    order = shop.order().document_id
    shop.act(pay_with_credit, order)
    shop.act(set_wallet, shop.customer, WISH)
    attempt = shop.rows(PaymentAttempt, PaymentAttempt.document_id == ordered)[-1]
    shop.control("dispute", reference=attempt.key, status="opened", fee=0)
    shop.hear("dispute.opened")
    with reading() as session:
        assert charged_back_debt(session, shop.customer, "EUR") == 1255  # 7.45 was left, 12.55 had paid the order
    assert usable(shop) == 0
    assert shop.row(CustomerWallet, shop.customer).stopped_because == "charged_back"
    again = shop.order().document_id
    with pytest.raises(Conflict, match=r"12\.55 EUR of it is still open"):
        shop.act(pay_with_credit, again)
    top_up(shop, 3000)
    with reading() as session:
        assert charged_back_debt(session, shop.customer, "EUR") == 0
    assert usable(shop) == 1745  # 30.00 - 12.55
    shop.act(pay_with_credit, again)
    sound()
