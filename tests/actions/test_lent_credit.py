"""Credit at once for who is trusted: lent up to a limit until the order is paid, and taken back where it is not.

Aino pays in EUR in the card shop and is trusted with 50.00; a month of television is 12.55. Orders of credit are open
for 14 days: what is ordered on 1 December is to be paid by the 15th.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from card_shop import SYSTEM, open_card_shop
from debt_shop import sound

from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.credits._charged_back import charged_back_debt, lent_debt
from billhead.actions.credits._history import credit_history
from billhead.actions.credits._lending import lent_to, room
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.buy_credit import buy_credit
from billhead.actions.credits.drop_order import drop_order
from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.credits.set_wallet import WalletWish, set_wallet
from billhead.actions.credits.trust_customer import trust_customer
from billhead.actions.documents.void_document import void_document
from billhead.actions.ledger.seal import seal
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments.refund import refund
from billhead.actions.privacy._standing import blockers
from billhead.actions.sellers.set_top_ups import set_top_ups
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.domain.top_ups import Bonus, TopUpTerms
from billhead.jobs.kinds import KINDS
from billhead.models.credits import AutoTopUp, CustomerCredit, LentCredit
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.models.payments import Payment, PaymentAttempt
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import AttemptState, Outcome

TERMS = TopUpTerms(500, 50000, (1000, 2000))


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        shop.act(set_top_ups, shop.seller, {"EUR": TERMS})
        shop.act(trust_customer, shop.customer, eur(5000))
        yield shop


def eur(minor):
    return Money(minor, "EUR")


def usable(shop):
    with reading() as session:
        return usable_credit(session, session.get_one(Customer, shop.customer), "EUR").minor


def owed_again(shop):
    with reading() as session:
        return charged_back_debt(session, shop.customer, "EUR")


def lent(shop):
    """(not paid yet, spent of that) of each order."""
    with reading() as session:
        return [(one.minor, one.spent_minor) for one in lent_to(session, shop.customer)]


def buy(shop, minor):
    return shop.act(buy_credit, shop.customer, eur(minor)).document_id


def paid(shop, ordered):
    shop.pay(shop.checkout(ordered))
    shop.hear("charge.succeeded")


def came(shop, page, minor, ref="inv1"):
    """As where payers send what they like: so much altogether by now."""

    def apply(tx):
        attempt = tx.session.get_one(PaymentAttempt, page.attempt_id, with_for_update=True)
        apply_outcome(tx, attempt, Outcome(AttemptState.SUCCEEDED, ref, eur(minor), as_paid=True))

    shop.act(apply)


def spend(shop):
    """A month of television, 12.55, from credit; its invoice."""
    return shop.act(pay_with_credit, shop.order().document_id).document_id


def look(day, shop):
    with shop.at(day):
        KINDS["credits.take_back_lent"].run(SYSTEM, {})


def in_order(shop):
    """The ledger proves itself, sealed as it is, and so do the documents."""
    seal(SYSTEM, everything=True)
    sound()
    assert verify_billing().faults == []
    assert sum(shop.balances().values()) == 0


def words(shop):
    with reading() as session:
        return [(one.what, one.minor) for one in credit_history(session, shop.customer)]


def test_credit_is_there_at_once_and_its_payment_grants_nothing_twice(shop):
    with shop.at("2026-12-01"):
        ordered = shop.act(buy_credit, shop.customer, eur(2000))
        assert (ordered.lent_minor, usable(shop), lent(shop)) == (2000, 2000, [(2000, 0)])
        assert shop.row(Document, ordered.document_id).state == "open"
        assert shop.balances() == {"credit_lent": 2000, "credit_bought": -2000}, "no invoice owes it"
        spend(shop)
        assert (usable(shop), lent(shop)) == (745, [(2000, 1255)])
        in_order(shop)
        paid(shop, ordered.document_id)
        assert shop.row(Document, ordered.document_id).state == "settled"
        assert (usable(shop), lent(shop)) == (745, [])
        books = shop.balances()
        assert (books["clearing"], books["fees"], books["credit_bought"]) == (1970, 30, -745)
        assert "credit_lent" not in books
        assert words(shop) == [("Topped up, to be paid", 2000), ("Used", -1255)]
    look("2026-12-20", shop)
    assert usable(shop) == 745
    in_order(shop)


def test_what_is_refunded_after_it_was_paid_goes_as_far_as_its_payment(shop):
    ordered = buy(shop, 2000)
    invoice = spend(shop)
    with pytest.raises(NotFound):
        shop.act(refund, 1, 100, "source", reason="nothing has come yet")
    paid(shop, ordered)
    (payment,) = shop.rows(Payment)
    done = shop.act(refund, payment.id, 2000, "source", reason="changed their mind")
    assert (done.from_credit, done.reopened) == (745, {str(invoice): 1255})
    assert (usable(shop), shop.row(Document, invoice).settled_minor) == (0, 0)
    in_order(shop)


def test_beyond_the_limit_it_waits_for_its_payment_whole(shop):
    ordered = shop.act(buy_credit, shop.customer, eur(5001))
    assert (ordered.lent_minor, usable(shop), lent(shop)) == (0, 0, [])
    shop.checkout(ordered.document_id)  # somebody stands at the processor's page: it does not give way
    assert shop.act(buy_credit, shop.customer, eur(3000)).lent_minor == 3000
    shop.checkout(shop.rows(Document)[-1].id)
    assert shop.act(buy_credit, shop.customer, eur(2001)).lent_minor == 0, "30.00 are lent already"
    assert shop.act(buy_credit, shop.customer, eur(2000)).lent_minor == 2000
    assert (usable(shop), lent(shop)) == (5000, [(3000, 0), (2000, 0)])
    in_order(shop)


def test_open_invoices_are_paid_from_it_at_once(shop):
    _, invoice = shop.renewal("2026-12-22")
    with shop.at("2026-12-22"):
        buy(shop, 2000)
    assert (shop.row(Document, invoice.id).state, usable(shop)) == ("paid", 745)
    in_order(shop)


def test_of_what_is_paid_in_part_the_rest_stays_lent(shop):
    with shop.at("2026-12-01"):
        ordered = buy(shop, 4000)
        first, second = spend(shop), spend(shop)  # 25.10 of 40.00
        page = shop.checkout(ordered)
        came(shop, page, 1000)
        assert (usable(shop), lent(shop)) == (1490, [(3000, 2510)]), "of what is left, first"
        came(shop, page, 2000)
        assert (usable(shop), lent(shop)) == (1490, [(2000, 2000)]), "5.10 of it is what is spent"
        assert shop.balances()["credit_lent"] == 2000
        assert [shop.row(Document, one).state for one in (first, second)] == ["paid", "paid"]
        in_order(shop)
    look("2026-12-16", shop)  # its 14.90 are credit, and pay of the 20.00 that are owed again
    assert (usable(shop), lent(shop), owed_again(shop)) == (0, [], 510)
    in_order(shop)
    with shop.at("2026-12-17"):
        came(shop, page, 4000)
    assert (shop.row(Document, ordered).state, usable(shop), owed_again(shop)) == ("settled", 1490, 0)
    assert sum(one.amount_minor for one in shop.rows(CustomerCredit, CustomerCredit.payment_id.is_not(None))) == 4000
    in_order(shop)


def test_a_part_can_be_refunded_and_takes_what_it_had_paid(shop):
    ordered = buy(shop, 2000)
    invoice = spend(shop)  # 7.45 left
    came(shop, shop.checkout(ordered), 1000)
    assert (usable(shop), lent(shop)) == (0 + 745, [(1000, 1000)])
    (payment,) = shop.rows(Payment)
    done = shop.act(refund, payment.id, 1000, "source", reason="sent by mistake")
    assert (done.from_credit, done.reopened) == (745, {str(invoice): 255})
    assert (usable(shop), lent(shop)) == (0, [(1000, 1000)])
    in_order(shop)


def test_what_is_never_paid_is_taken_back_and_owed_like_a_chargeback(shop):
    with shop.at("2026-12-01"):
        ordered = buy(shop, 2000)
        invoice = spend(shop)
        (subscription,) = shop.rows(Subscription)
        assert subscription.paid_through is not None
    look("2026-12-15", shop)
    assert (usable(shop), lent(shop)) == (745, [(2000, 1255)]), "its last day is not over"
    look("2026-12-16", shop)
    assert (usable(shop), lent(shop), owed_again(shop)) == (0, [], 1255)
    assert shop.row(Document, invoice).settled_minor == 0
    assert shop.row(Subscription, subscription.id).paid_through < subscription.paid_through, "as after a chargeback"
    assert shop.row(Document, ordered).state == "open"
    assert "credit_lent" not in shop.balances()
    assert words(shop)[-1] == ("Taken back, as it was not paid", -745)
    assert shop.notices("lent_unpaid") == ["lent_unpaid"]
    in_order(shop)
    entries = len(shop.rows(CustomerCredit))
    look("2026-12-17", shop)  # once
    assert len(shop.rows(CustomerCredit)) == entries
    with shop.at("2026-12-17"):
        with pytest.raises(Conflict, match=r"not paid, and 12\.55 EUR of it is still open"):
            shop.act(pay_with_credit, shop.order().document_id)
        again = shop.act(buy_credit, shop.customer, eur(2000))
        assert again.lent_minor == 0, "nothing is lent until that is paid"
        paid(shop, again.document_id)
        assert (usable(shop), owed_again(shop)) == (745, 0)
        assert shop.row(Document, invoice).state == "paid"
        assert shop.row(Subscription, subscription.id).paid_through == subscription.paid_through
        assert shop.act(buy_credit, shop.customer, eur(2000)).lent_minor == 2000
    in_order(shop)


def test_what_is_paid_after_its_day_is_credit_as_ever(shop):
    with shop.at("2026-12-01"):
        ordered = buy(shop, 2000)
        invoice = spend(shop)
    look("2026-12-16", shop)
    with shop.at("2026-12-18"):
        paid(shop, ordered)
    assert (usable(shop), owed_again(shop), shop.row(Document, invoice).state) == (745, 0, "paid")
    in_order(shop)


def test_an_order_whose_payment_is_undecided_is_left_until_that_is_known(shop):
    with shop.at("2026-12-01"):
        ordered = buy(shop, 2000)
        page = shop.checkout(ordered)
    shop.change(PaymentAttempt, page.attempt_id, state="unknown")
    look("2026-12-20", shop)
    assert lent(shop) == [(2000, 0)]
    shop.change(PaymentAttempt, page.attempt_id, state="failed")
    look("2026-12-21", shop)
    assert (lent(shop), usable(shop), owed_again(shop)) == ([], 0, 0)
    in_order(shop)


def test_void_or_replaced_it_is_taken_back(shop):
    ordered = buy(shop, 2000)
    shop.act(void_document, ordered, reason="a slip")
    assert (usable(shop), lent(shop), owed_again(shop)) == (0, [], 0)
    first = buy(shop, 1000)
    buy(shop, 2000)  # nothing was spent: it takes the place of the first
    assert shop.row(Document, first).state == "void"
    assert (usable(shop), lent(shop)) == (2000, [(2000, 0)])
    invoice = spend(shop)
    third = shop.act(buy_credit, shop.customer, eur(1500))
    assert (third.lent_minor, usable(shop), lent(shop), owed_again(shop)) == (0, 0, [], 1255)
    paid(shop, third.document_id)
    assert (shop.row(Document, invoice).state, usable(shop), owed_again(shop)) == ("paid", 245, 0)
    in_order(shop)


def test_dropped_it_is_taken_back_and_what_is_spent_of_it_is_to_be_paid(shop):
    ordered = buy(shop, 2000)
    shop.act(drop_order, ordered)
    assert (shop.row(Document, ordered).state, usable(shop), lent(shop), owed_again(shop)) == ("void", 0, [], 0)
    ordered = buy(shop, 2000)
    spend(shop)
    with pytest.raises(Conflict, match="some of this credit is spent"):
        shop.act(drop_order, ordered)
    assert (usable(shop), lent(shop)) == (745, [(2000, 1255)])
    in_order(shop)


def test_expired_it_is_taken_back(shop):
    with shop.at("2026-12-01"):
        ordered = buy(shop, 2000)
    with shop.at("2027-02-01"):
        KINDS["documents.look_after"].run(SYSTEM, {})
    assert (shop.row(Document, ordered).state, usable(shop), lent(shop)) == ("expired", 0, [])
    in_order(shop)


def test_the_bonus_comes_once_and_with_the_money(shop):
    shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (), (Bonus(2000, 500),))})
    ordered = buy(shop, 2000)
    assert usable(shop) == 2000
    page = shop.checkout(ordered)
    came(shop, page, 1200)
    assert usable(shop) == 2000
    came(shop, page, 2100)
    assert (usable(shop), lent(shop)) == (2600, []), "20.00, a bonus of 5.00, and 1.00 too much"
    assert [one.amount_minor for one in shop.rows(CustomerCredit, CustomerCredit.kind == "gifted")] == [500]
    in_order(shop)


def test_a_chargeback_after_the_payment_works_as_ever(shop):
    ordered = buy(shop, 2000)
    spend(shop)
    paid(shop, ordered)
    attempt = shop.rows(PaymentAttempt, PaymentAttempt.document_id == ordered)[-1]
    shop.control("dispute", reference=attempt.key, status="opened", fee=0)
    shop.hear("dispute.opened")
    assert (usable(shop), owed_again(shop)) == (0, 1255)
    with reading() as session:
        assert lent_debt(session, shop.customer, "EUR") == 0
    assert shop.act(buy_credit, shop.customer, eur(1000)).lent_minor == 0
    shop.control("dispute", reference=attempt.key, status="won", fee=0)
    shop.hear("dispute.won")
    assert (usable(shop), owed_again(shop)) == (745, 0)
    in_order(shop)


def test_what_is_topped_up_by_itself_is_not_lent(shop):
    shop.bought(save=True)
    wish = WalletWish(top_up_below_minor=500, top_up_minor=2000)
    shop.act(set_wallet, shop.customer, wish)
    KINDS["credits.watch"].run(SYSTEM, {})
    with reading() as session:
        assert session.query(AutoTopUp).count() == 1
    assert (usable(shop), lent(shop)) == (0, [])


def test_two_orders_at_once_lend_no_more_than_the_limit(shop):
    """30.00 each, of 50.00: the second takes the place of the first, or waits for its payment beside it."""
    barrier = Barrier(2)

    def order(_):
        with shop.app.app_context():
            barrier.wait()
            return shop.act(buy_credit, shop.customer, eur(3000))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(order, range(2)))
    assert (usable(shop), lent(shop)) == (3000, [(3000, 0)])
    assert sorted(one.state for one in shop.rows(Document)) == ["open", "void"]
    in_order(shop)


def test_the_payment_and_the_end_of_the_day_at_once_come_to_the_same(shop):
    with shop.at("2026-12-01"):
        ordered = buy(shop, 2000)
        invoice = spend(shop)
        page = shop.checkout(ordered)
    barrier = Barrier(2)

    def do(act):
        with shop.app.app_context(), shop.at("2026-12-16"):
            barrier.wait()
            act()

    ends = [lambda: came(shop, page, 2000), lambda: KINDS["credits.take_back_lent"].run(SYSTEM, {})]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(do, ends))
    assert (usable(shop), lent(shop), owed_again(shop)) == (745, [], 0)
    assert shop.row(Document, invoice).state == "paid"
    in_order(shop)


def test_staff_alone_say_who_is_trusted_and_it_is_noted(shop):
    def trust(role, scope, *permissions):
        ctx = Context("user:7", role, scope, frozenset(permissions))
        with writing(ctx) as tx:
            trust_customer(tx, shop.customer, eur(900_000))

    for role, scope in ((Role.CUSTOMER, Scope(customer_id=shop.customer)), (Role.RESELLER, Scope(reseller_id=1))):
        with pytest.raises(NotAllowed):
            trust(role, scope, "own.pay")
    with pytest.raises(CurrencyMismatch):
        shop.act(trust_customer, shop.customer, Money(1, "USD"))
    with pytest.raises(InvalidInput):
        shop.act(trust_customer, shop.customer, eur(-1))
    with pytest.raises(NotFound):
        shop.act(trust_customer, 999, eur(1))
    buy(shop, 2000)
    shop.act(trust_customer, shop.customer, eur(0))
    assert lent(shop) == [(2000, 0)], "until its day"
    assert shop.rows(AuditEntry, AuditEntry.action == "credits.trust")[-1].details == {"before": 5000, "after": 0}
    with reading() as session:
        customer = session.get_one(Customer, shop.customer)
        assert room(session, customer, [one.document_id for one in lent_to(session, customer.id)]) == 0
        assert [(one.code, one.money) for one in blockers(session, customer.id)] == [("lent", "20.00 EUR")]
    assert shop.act(buy_credit, shop.customer, eur(1000)).lent_minor == 0
    with reading() as session:
        assert session.query(LentCredit).filter_by(state="open").count() == 0
