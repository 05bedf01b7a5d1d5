"""Credit packages and reseller plans, bought at a real processor: given when they are paid, once, and taken back.

Prices are without tax, and the shop in Finland adds 25.5 %.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from card_shop import SYSTEM, open_card_shop
from debt_shop import sound
from sqlalchemy import select

from billhead.actions.accounts.create_login import create_login
from billhead.actions.credits._draw import use_credit
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.merge_documents import merge_documents
from billhead.actions.payments.apply_callback import apply_callback
from billhead.actions.payments.charge_back import charge_back
from billhead.actions.payments.decide_dispute import decide_dispute
from billhead.actions.payments.refund import refund
from billhead.actions.resellers._packages import offered_to, places_for
from billhead.actions.resellers._rights import Rights
from billhead.actions.resellers._wallet import balance
from billhead.actions.resellers.add_reseller import NewReseller, add_reseller
from billhead.actions.resellers.buy_credits import buy_credits
from billhead.actions.resellers.buy_reseller_plan import buy_reseller_plan
from billhead.actions.resellers.save_credit_package import PackageEntry, save_credit_package
from billhead.actions.resellers.save_reseller_plan import ResellerPlanEntry, save_reseller_plan
from billhead.actions.resellers.take_credits import take_credits
from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditLot
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import Callback, Payment
from billhead.models.people import Customer, Reseller, User
from billhead.models.resellers import ResellerOrder
from billhead.models.subscriptions import Subscription

PACKAGES = ((100, 100, ("reseller",)), (150, 125, ("reseller", "super_reseller")), (500, 300, ("super_reseller",)))


def eur(units):
    return Money(units * 100, "EUR")


def xcr(units):
    return Money(units * 100, CREDITS)


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        for value, cost, roles in PACKAGES:
            entry = PackageEntry(f"credits-{value}", f"{value} credits", xcr(value), (eur(cost),), roles, "tv")
            shop.act(save_credit_package, shop.seller, entry)
        shop.customer_of = lambda key: shop.rows(Customer, Customer.buys_for_reseller_id == key)[0].id
        shop.line_of = lambda invoice: shop.rows(DocumentLine, DocumentLine.document_id == invoice.id)[0].id
        yield shop


def reseller(shop, name="Corner", tier="reseller"):
    wanted = NewReseller(name, f"{name.lower()}@example.net", tier=tier, rights=Rights(("tv",)))
    return shop.act(add_reseller, shop.seller, wanted).reseller_id


def has(reseller_id):
    with reading() as session:
        return balance(Tx(SYSTEM, session), session.get_one(Reseller, reseller_id)).minor


def lots(shop):
    return [(lot.source, lot.remaining_minor, lot.cost_minor) for lot in shop.rows(CreditLot)]


def bought(shop, reseller_id, package="credits-100"):
    """Ordered, and paid on the processor's page; the invoice."""
    ordered = shop.act(buy_credits, reseller_id, package)
    shop.pay(shop.checkout(ordered.document_id))
    shop.hear("charge.succeeded")
    return shop.invoices()[-1]


def test_packages_100_for_100_150_for_125_and_500_for_300_each_in_the_list_of_its_tier(shop):
    small, big = reseller(shop), reseller(shop, "Harbour", "super_reseller")
    with reading() as session:
        lists = {
            row.tier: [(one.credits, one.cost) for one in offered_to(session, row)]
            for row in (session.get_one(Reseller, small), session.get_one(Reseller, big))
        }
    assert lists == {
        "reseller": [(xcr(100), eur(100)), (xcr(150), eur(125))],
        "super_reseller": [(xcr(150), eur(125)), (xcr(500), eur(300))],
    }
    for key, code, value, cost in ((small, "credits-100", 100, 100), (small, "credits-150", 150, 125),
                                   (big, "credits-500", 500, 300)):  # fmt: skip
        before = has(key)
        invoice = bought(shop, key, code)
        assert (has(key) - before, invoice.net_minor) == (value * 100, cost * 100)
        assert lots(shop)[-1] == ("purchase", value * 100, cost * 100)
    for code in ("credits-500", "credits-1", "tv"):
        with pytest.raises(NotFound):
            shop.act(buy_credits, small, code)
    sound()


def test_credits_come_with_the_money_and_once_by_replay_and_by_two_callbacks_at_once(shop):
    key = reseller(shop)
    ordered = shop.act(buy_credits, key, "credits-100")
    assert shop.act(buy_credits, key, "credits-100") == ordered  # asked twice: one order
    assert (has(key), ordered.credits_minor) == (0, 10_000)
    shop.pay(shop.checkout(ordered.document_id))
    (first,) = shop.stored("charge.succeeded")
    second = shop.stored_again(shop.row(Callback, first))

    def hear(callback_id):
        with shop.app.app_context():
            return apply_callback(SYSTEM, callback_id)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(hear, (first, second)))
    assert has(key) == 10_000
    apply_callback(SYSTEM, shop.stored_again(shop.row(Callback, first)))
    assert has(key) == 10_000
    assert [order.state for order in shop.rows(ResellerOrder)] == ["given"]
    # paid a second time by another page: that money is the customer's credit, and no more credits
    again = shop.act(buy_credits, key, "credits-100")
    assert again.document_id != ordered.document_id
    assert has(key) == 10_000
    sound()


def test_the_price_changes_and_an_order_keeps_its_own(shop):
    key = reseller(shop)
    ordered = shop.act(buy_credits, key, "credits-100")
    plan = shop.rows(ResellerOrder)[0].plan_id
    more = PackageEntry("credits-100", "100 credits", xcr(110), (eur(90),), ("reseller",), "tv")
    shop.act(save_credit_package, shop.seller, more, plan)
    shop.pay(shop.checkout(ordered.document_id))
    shop.hear("charge.succeeded")
    assert (has(key), shop.invoices()[-1].net_minor) == (10_000, 10_000)
    assert shop.act(buy_credits, key, "credits-100").credits_minor == 11_000
    for entry in (
        PackageEntry("none", "None", xcr(0), (eur(1),), tax_class="tv"),
        PackageEntry("none", "None", xcr(1), (), tax_class="tv"),
        PackageEntry("none", "None", xcr(1), (eur(-1),), tax_class="tv"),
        PackageEntry("none", "None", xcr(1), (eur(1),), ("customer",), "tv"),
        PackageEntry("No code", "None", xcr(1), (eur(1),), tax_class="tv"),
    ):
        with pytest.raises(InvalidInput):
            shop.act(save_credit_package, shop.seller, entry)


def test_a_chargeback_takes_what_is_left_and_says_what_was_spent_and_a_dispute_won_gives_it_back(shop):
    key = reseller(shop, "Harbour", "super_reseller")
    below = shop.act(
        add_reseller, shop.seller, NewReseller("Below", "below@example.net", parent_id=key, rights=Rights())
    )
    bought(shop, key, "credits-150")
    shop.act(transfer_credits, key, below.reseller_id, xcr(60))
    payment = shop.rows(Payment)[-1]
    charged = shop.act(charge_back, payment.id, payment.amount_minor, "dp_1", reason="fraud")
    order = shop.rows(ResellerOrder)[-1]
    assert (has(key), has(below.reseller_id)) == (0, 6_000)
    assert (order.state, order.taken_minor, order.missing_minor) == ("taken_back", 9_000, 6_000)
    shop.act(decide_dispute, charged.dispute_id, "won")
    assert (has(key), shop.rows(ResellerOrder)[-1].state) == (9_000, "given")
    assert lots(shop)[-1] == ("purchase", 9_000, 7_500)  # 125.00 × 90/150
    sound()


def test_a_credit_note_or_a_refund_takes_its_share(shop):
    key = reseller(shop)
    invoice = bought(shop, key)
    with reading() as session:
        total = session.get_one(Document, invoice.id).total_minor
    shop.act(refund, shop.rows(Payment)[-1].id, total // 2, "credit", reason="half of it back")
    # 62.75 of 125.50 are paid still
    assert has(key) == 5_000
    shop.act(issue_credit_note, invoice.id, reason="all of it", way="credit")
    assert (has(key), shop.rows(ResellerOrder)[-1].state) == (0, "taken_back")
    sound()


def test_money_that_comes_again_brings_its_credits_again_and_a_credit_note_brings_none(shop):
    key = reseller(shop)
    invoice = bought(shop, key)
    shop.act(refund, shop.rows(Payment)[-1].id, 6_275, "credit", reason="half of it back")
    assert has(key) == 5_000
    shop.act(use_credit, shop.customer_of(key))  # the half that is credit pays the invoice again
    assert has(key) == 10_000
    shop.act(refund, shop.rows(Payment)[-1].id, 6_275, "source", reason="half of it back for good")
    assert has(key) == 5_000
    shop.act(issue_credit_note, invoice.id, [Correction(shop.line_of(invoice), 6_275)], reason="half of it", way="keep")
    assert (has(key), shop.row(Document, invoice.id).state) == (5_000, "paid")
    sound()


def test_an_order_of_credits_can_not_be_merged_away(shop):
    key = reseller(shop)
    ordered = [shop.act(buy_credits, key, code).document_id for code in ("credits-100", "credits-150")]
    with pytest.raises(Conflict, match="stands for itself"):
        shop.act(merge_documents, ordered)


def plan(shop, code, tier, cost, start, **more):
    rights = Rights(("tv",), trials_per_day=3, terminate=tier == "super_reseller")
    entry = ResellerPlanEntry(code, code.title(), tier, (eur(cost),), xcr(start), rights, tax_class="tv", **more)
    return shop.act(save_reseller_plan, shop.seller, entry)


def test_whoever_buys_a_plan_becomes_a_reseller_and_then_a_super_reseller_and_keeps_what_was(shop):
    plan(shop, "seller", "reseller", 20, 20)
    plan(shop, "dealer", "super_reseller", 100, 120)
    watched = shop.bought()
    user = shop.act(create_login, shop.seller, "aino@example.com", "customer", customer_id=shop.customer).user_id
    aino = Context("customer:1", Role.CUSTOMER, Scope(customer_id=shop.customer))
    with reading() as session:
        offers = places_for(session, session.get_one(Customer, shop.customer))
        assert [(one.code, one.credits, one.cost) for one in offers] == [
            ("seller", xcr(20), eur(20)), ("dealer", xcr(120), eur(100))]  # fmt: skip

    def buy(code, ctx):
        with writing(ctx) as tx:
            ordered = buy_reseller_plan(tx, shop.customer, code)
        shop.pay(shop.checkout(ordered.document_id))
        shop.hear("charge.succeeded")

    buy("seller", aino)
    customer = shop.row(Customer, shop.customer)
    made = shop.row(Reseller, customer.buys_for_reseller_id)
    assert (made.tier, made.name, made.rights["sells"], has(made.id)) == ("reseller", "Aino", ["tv"], 2_000)
    login = shop.row(User, user)
    assert (login.role, login.reseller_id, login.customer_id) == ("reseller", made.id, shop.customer)
    assert shop.row(Subscription, watched.id).customer_id == shop.customer

    theirs = Context("reseller:1", Role.RESELLER, Scope(reseller_id=made.id))
    with pytest.raises(Conflict, match="already"), writing(theirs) as tx:
        buy_reseller_plan(tx, shop.customer, "seller")
    buy("dealer", theirs)
    made = shop.row(Reseller, made.id)
    assert (made.tier, made.rights["terminate"], has(made.id)) == ("super_reseller", True, 14_000)
    assert shop.row(User, user).role == "super_reseller"
    assert len(shop.rows(Reseller)) == 1
    stranger = Context("customer:9", Role.CUSTOMER, Scope(customer_id=999))
    for ctx, code in ((stranger, "dealer"), (aino, "tv"), (aino, "nothing")):
        with pytest.raises(NotFound), writing(ctx) as tx:
            buy_reseller_plan(tx, shop.customer, code)
    sound()


def test_what_a_plan_starts_with_follows_its_money_and_the_place_stays(shop):
    plan(shop, "seller", "reseller", 20, 20)
    plan(shop, "dealer", "super_reseller", 100, 120)

    def buy(code):
        ordered = shop.act(buy_reseller_plan, shop.customer, code)
        shop.pay(shop.checkout(ordered.document_id))
        shop.hear("charge.succeeded")
        return shop.rows(Payment)[-1], shop.invoices()[-1]

    def told():
        order = shop.rows(ResellerOrder)[-1]
        return order.state, order.taken_minor, order.missing_minor

    payment, invoice = buy("seller")
    key = shop.row(Customer, shop.customer).buys_for_reseller_id
    shop.act(refund, payment.id, 1_255, "credit", reason="half of it back")  # of 25.10
    assert (has(key), told()) == (1_000, ("given", 1_000, 0))
    shop.act(use_credit, shop.customer)  # that half pays it again
    assert (has(key), told(), lots(shop)[-1]) == (2_000, ("given", 0, 0), ("start_up", 1_000, 0))
    with writing(Context.system("test", reason="spent")) as tx:
        take_credits(tx, key, xcr(5))
    shop.act(issue_credit_note, invoice.id, reason="all of it", way="credit")
    assert (has(key), told()) == (0, ("taken_back", 1_500, 500))
    assert shop.row(Reseller, key).removed_on is None

    payment, _ = buy("dealer")  # 125.50, of which the credit of 25.10 pays a fifth
    assert (has(key), told(), lots(shop)[-1]) == (12_000, ("given", 0, 0), ("start_up", 12_000, 0))
    charged = shop.act(charge_back, payment.id, payment.amount_minor, "dp_1", reason="fraud")
    assert (has(key), told()) == (2_400, ("given", 9_600, 0))
    assert shop.row(Reseller, key).tier == "super_reseller"
    shop.act(decide_dispute, charged.dispute_id, "won")
    assert (has(key), told()) == (12_000, ("given", 0, 0))
    sound()


def test_the_plan_of_20_credits_is_what_a_super_reseller_pays(shop):
    plan(shop, "seller", "reseller", 20, 20, credit_price=xcr(20))
    key = reseller(shop, "Harbour", "super_reseller")
    bought(shop, key, "credits-150")
    ctx = Context("super_reseller:1", Role.SUPER_RESELLER, Scope(reseller_id=key))
    with writing(ctx) as tx:
        added = add_reseller(tx, shop.seller, NewReseller("Kiosk", "kiosk@example.net", "seller"))
    assert (has(key), has(added.reseller_id), added.credits_minor) == (13_000, 2_000, 2_000)
    with reading() as session:
        assert session.scalars(select(User.role).where(User.reseller_id == added.reseller_id)).all() == ["reseller"]
    sound()
