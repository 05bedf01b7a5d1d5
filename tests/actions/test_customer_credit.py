"""A customer's credit: used when it comes, the oldest debt first, gifts before what was paid for, and once."""

from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from debt_shop import NOV, at, debtor, give, invoices, november, pay, sound, state

from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.credits._history import credit_history
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.apply_credit import apply_credit
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.credits.take_credit import take_credit
from billhead.actions.payments._attempts import payable
from billhead.actions.payments.collect import collect
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.jobs.kinds import KINDS
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document
from billhead.models.ledger import LedgerEntry
from billhead.models.payments import PaymentAttempt
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with open_shop(sqlite_url, tmp_path, terms_days=14, lead_days=7) as shop:
        yield shop


@pytest.fixture
def any_shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path, terms_days=14, lead_days=7) as shop:
        yield shop


def eur(minor):
    return Money(minor, "EUR")


def owner(shop, subscription):
    return shop.get(Subscription, subscription).customer_id


def lots(shop):
    return [(lot.kind, lot.remaining_minor) for lot in shop.all(CustomerCredit)]


def usable(shop, customer):
    with reading() as session:
        return usable_credit(session, session.get_one(Customer, customer), "EUR").minor


def offer(shop, credit=0):
    """A renewal by hand over 12.00 that waits to be paid, and its subscription."""
    plan = shop.plan(f"tv{shop.made}", 1000)
    customer = shop.customer(card=False, credit_minor=credit)
    subscription = shop.subscribe(customer, plan, due=november(10), collection="manual")
    shop.change(Subscription, subscription, next_bill_on=november(3))
    with at(november(3)):
        shop.run(november(3))
    return subscription, shop.all(Document, Document.kind == "proforma")[-1].id


def as_owner(shop, subscription):
    customer_id = owner(shop, subscription)
    return Context(f"customer:{customer_id}", Role.CUSTOMER, Scope(customer_id=customer_id))


# -- when it comes ----------------------------------------------------------------------------------------------------


def test_a_gift_pays_the_oldest_invoice_first_and_the_rest_waits(any_shop):
    shop = any_shop
    subscription = debtor(shop, again=True)
    with at(date(2026, 12, 1)):
        shop.run(date(2026, 12, 1))
        give(shop, subscription, 2000)
    assert [(one.state, one.settled_minor) for one in invoices(shop)] == [("paid", 1200), ("partly_paid", 800)]
    assert lots(shop) == [("gifted", 0)]
    with at(date(2026, 12, 2)):
        give(shop, subscription, 1000)
    assert (invoices(shop)[1].state, lots(shop)) == ("paid", [("gifted", 0), ("gifted", 600)])
    days = [(row.amount_minor, row.day) for row in shop.all(Allocation)]
    assert days == [(1200, date(2026, 12, 1)), (800, date(2026, 12, 1)), (400, date(2026, 12, 2))]
    sound()


def test_gifts_before_what_was_paid_for_and_what_ends_first(shop):
    subscription = debtor(shop)
    customer = owner(shop, subscription)
    shop.grant(customer, 5000)
    shop.grant(customer, 500, kind="gifted", expires_on=date(2027, 6, 1))
    shop.grant(customer, 300, kind="gifted", expires_on=date(2026, 12, 1))
    shop.grant(customer, 100, kind="gifted", expires_on=NOV)  # over
    with at(november(2)), writing(SYSTEM) as tx:
        assert apply_credit(tx, customer).paid == 1
    assert lots(shop) == [("bought", 4600), ("gifted", 0), ("gifted", 0), ("gifted", 100)]
    sound()


def test_what_is_paid_too_much_pays_the_next_invoice(shop):
    subscription = debtor(shop, again=True)
    with at(date(2026, 12, 1)):
        shop.run(date(2026, 12, 1))
        pay(invoices(shop)[0].id, 2000)
    assert [one.settled_minor for one in invoices(shop)] == [1200, 800]
    assert lots(shop) == [("bought", 0)]
    assert state(shop, subscription) == "active"
    sound()


def test_credit_goes_before_the_card(shop):
    subscription = debtor(shop)
    shop.grant(owner(shop, subscription), 1200)
    with at(november(2)):
        assert collect(SYSTEM, invoices(shop)[0].id).state == "nothing_to_do"
    assert invoices(shop)[0].state == "paid"


@pytest.mark.parametrize("card", [True, False])
def test_credit_pays_a_whole_renewal_that_is_charged_on_its_day(any_shop, card):
    """Where numbers are given to what is paid, the renewal is a proforma: the 20.00 pay it, and no card is needed."""
    shop = any_shop
    shop.change(Seller, shop.seller_id, number_on="payment")
    customer = shop.customer(card=card, credit_minor=2000)
    subscription = shop.subscribe(customer, shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    (offer,) = shop.all(Document)
    with at(NOV):
        assert collect(SYSTEM, offer.id).state == "paid_with_credit"
        assert collect(SYSTEM, offer.id).state == "nothing_to_do"
    assert [(one.kind, one.state, one.settled_minor) for one in shop.all(Document)] == [
        ("proforma", "settled", 1200),
        ("invoice", "paid", 1200),
    ]
    assert (lots(shop), shop.get(Subscription, subscription).paid_through) == ([("bought", 800)], date(2026, 12, 1))
    assert shop.all(PaymentAttempt) == []
    sound()


def test_applied_twice_it_is_used_once(shop):
    subscription = debtor(shop)
    customer = owner(shop, subscription)
    shop.grant(customer, 1000)
    with at(november(2)):
        for _ in range(2):
            with writing(SYSTEM) as tx:
                apply_credit(tx, customer)
    assert [row.amount_minor for row in shop.all(Allocation)] == [1000]
    sound()


def test_another_currency_is_never_used(shop):
    subscription = debtor(shop)
    customer = owner(shop, subscription)
    shop.grant(customer, 5000, "USD")
    with at(november(2)), writing(SYSTEM) as tx:
        assert apply_credit(tx, customer).paid == 0


# -- orders and renewals ----------------------------------------------------------------------------------------------


def test_a_renewal_is_paid_with_credit_when_the_customer_says_so(shop):
    subscription, proforma = offer(shop, credit=1500)
    assert shop.get(Document, proforma).state == "open"
    with at(november(9)), writing(as_owner(shop, subscription)) as tx:
        paid = pay_with_credit(tx, proforma)
    invoice = shop.get(Document, paid.document_id)
    assert (invoice.kind, invoice.state, paid.paid_minor) == ("invoice", "paid", 1200)
    assert shop.get(Subscription, subscription).paid_through == date(2026, 12, 10)
    assert lots(shop) == [("bought", 300)]
    sound()


def test_what_credit_does_not_cover_is_paid_otherwise(any_shop):
    shop = any_shop
    subscription, proforma = offer(shop, credit=500)
    with at(november(9)):
        with pytest.raises(Conflict, match=r"does not cover 12\.00 EUR"), writing(as_owner(shop, subscription)) as tx:
            pay_with_credit(tx, proforma)
        with writing(SYSTEM) as tx:
            assert payable(tx, proforma)[1] == eur(700)
        pay(proforma, 700)
    (invoice,) = invoices(shop)
    assert (invoice.state, invoice.total_minor) == ("paid", 1200)
    sources = [(row.payment_id is not None, row.amount_minor) for row in shop.all(Allocation)]
    assert sources == [(True, 700), (False, 500)]
    assert shop.get(Subscription, subscription).paid_through == date(2026, 12, 10)
    sound()


def test_credit_that_was_used_meanwhile_turns_the_payment_into_credit_and_nothing_is_lost(shop):
    subscription, proforma = offer(shop, credit=500)
    customer = owner(shop, subscription)
    with reading() as session:
        lot = session.get_one(CustomerCredit, 1)
    shop.change(CustomerCredit, lot.id, remaining_minor=0)  # an invoice has taken it between checkout and payment
    with at(november(9)):
        pay(proforma, 700)
    assert shop.get(Document, proforma).state == "open"
    assert usable(shop, customer) == 700
    with writing(SYSTEM) as tx:
        assert payable(tx, proforma)[1] == eur(500)


def test_credit_that_goes_while_the_order_is_settled_leaves_the_order_as_it_was(shop, monkeypatch):
    subscription, proforma = offer(shop, credit=1500)

    def another_invoice_takes_it(tx, proforma_id):
        tx.session.get_one(CustomerCredit, 1).remaining_minor = 1199
        return settle_proforma(tx, proforma_id)

    monkeypatch.setattr("billhead.actions.credits.pay_with_credit.settle_proforma", another_invoice_takes_it)
    with (
        at(november(9)),
        pytest.raises(Conflict, match=r"does not cover 12\.00 EUR"),
        writing(as_owner(shop, subscription)) as tx,
    ):
        pay_with_credit(tx, proforma)
    assert (shop.get(Document, proforma).state, invoices(shop)) == ("open", [])
    assert shop.get(Subscription, subscription).paid_through == november(10)


def test_nobody_pays_for_another_with_their_credit(shop):
    _, proforma = offer(shop, credit=1500)
    stranger = Context("customer:99", Role.CUSTOMER, Scope(customer_id=99))
    with pytest.raises(NotFound), writing(stranger) as tx:
        pay_with_credit(tx, proforma)


# -- given, taken, expired --------------------------------------------------------------------------------------------


def test_a_gift_expires_on_the_customers_own_day_by_an_entry(any_shop):
    shop = any_shop
    customer = shop.customer(zone="Pacific/Auckland")
    with at(november(2)), writing(SYSTEM) as tx:
        grant_credit(tx, customer, eur(700), "welcome", november(20))
    for hour, left in ((10, 700), (11, 0)):  # midnight in Auckland is 11:00 UTC
        with at(november(19), hour):
            KINDS["credits.expire"].run(SYSTEM, {})
        assert lots(shop) == [("gifted", left)]
    kinds = [entry.kind for entry in shop.all(LedgerEntry)]
    assert kinds == ["credit_gifted", "credit_expired"]
    with reading() as session:
        history = [(one.what, one.about, one.minor, one.balance_minor) for one in credit_history(session, customer)]
    assert history == [("Given", "welcome", 700, 700), ("Expired", "welcome", -700, 0)]
    sound()


def test_gifts_are_taken_back_as_far_as_they_are_there(shop):
    customer = shop.customer(credit_minor=5000)
    with writing(SYSTEM) as tx:
        grant_credit(tx, customer, eur(300), "a")
        grant_credit(tx, customer, eur(400), "b")
    with pytest.raises(Conflict, match=r"only 7\.00 EUR of what was given is left"), writing(SYSTEM) as tx:
        take_credit(tx, customer, eur(701))
    with writing(SYSTEM) as tx:
        take_credit(tx, customer, eur(500))
    assert lots(shop) == [("bought", 5000), ("gifted", 200), ("gifted", 0)]
    sound()


@pytest.mark.parametrize(
    ("amount", "reason", "expires_on", "why"),
    [
        (eur(0), "x", None, "above zero"),
        (eur(-100), "x", None, "above zero"),
        (Money(100, "USD"), "x", None, "expected EUR, got USD"),
        (eur(100), " ", None, "say what it is for"),
        (eur(100), "x", NOV, "a day to come"),
    ],
)
def test_what_is_no_gift(shop, amount, reason, expires_on, why):
    customer = shop.customer()
    with at(november(2)), pytest.raises((InvalidInput, CurrencyMismatch), match=why), writing(SYSTEM) as tx:
        grant_credit(tx, customer, amount, reason, expires_on)


def test_only_who_may_gives_and_takes(shop):
    customer = shop.customer()
    clerk = Context("staff:7", Role.STAFF, Scope(everything=True), frozenset({"payments.write"}))
    for act in (lambda tx: grant_credit(tx, customer, eur(1), "x"), lambda tx: take_credit(tx, customer, eur(1))):
        with pytest.raises(NotAllowed, match=r"credits\.write"), writing(clerk) as tx:
            act(tx)


def test_a_customer_reads_what_came_and_went(shop):
    subscription = debtor(shop)
    with at(november(2)):
        give(shop, subscription, 1500)
    with reading() as session:
        found = [(one.what, one.minor, one.balance_minor) for one in credit_history(session, owner(shop, subscription))]
    assert found == [("Given", 1500, 1500), ("Used", -1200, 300)]
