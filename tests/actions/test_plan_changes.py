"""Changes of plan in stories: what comes back, what is charged, when the next invoice is, to the cent."""

from datetime import UTC, date, datetime, timedelta

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.actions.subscriptions.change_choices import change_choices
from billhead.actions.subscriptions.keep import keep
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotAllowed
from billhead.domain.periods import Period, Term, cycle_start
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.subscriptions import Subscription, SubscriptionComponent
from billhead.simulate.counting import monthly_revenue

NOON_OF_APRIL = datetime(2026, 4, 1, 12, tzinfo=UTC)
APR, MAY, JUN = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


def on(day, hour=12):
    clock.move_business_clock(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(NOON_OF_APRIL), open_shop(database_url, tmp_path) as shop:
        yield shop


def customer_of(customer: int) -> Context:
    return Context(f"customer:{customer}", Role.CUSTOMER, Scope(customer_id=customer))


def do(verb, *args, ctx=SYSTEM):
    with writing(ctx) as tx:
        return verb(tx, *args)


def seen(verb, *args, ctx=SYSTEM):
    with reading() as session:
        return verb(Tx(ctx, session), *args)


def owes(shop, customer):
    """What the ledger says that the customer owes, less what the shop owes to them."""
    with reading() as session:
        rows = (
            session.query(LedgerPosting.side, LedgerPosting.amount_minor)
            .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .filter(LedgerPosting.customer_id == customer, LedgerAccount.code.in_(["receivable", "credit_bought"]))
        )
        return sum(minor if side == "D" else -minor for side, minor in rows)


def in_order():
    with reading() as session:
        return verify_ledger(session).faults == []


def paying(shop, *plans, **more):
    """A customer with a card whose April was billed."""
    customer = shop.customer()
    subscription = shop.subscribe(customer, *plans, due=APR, **more)
    shop.run(APR)
    return customer, subscription


def test_an_upgrade_in_the_middle_credits_the_rest_and_charges_the_new_plan_to_the_same_day(shop):
    basic, gold = shop.plan("basic", 1000), shop.plan("gold", 3000)
    customer, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    wish = ChangeWish(subscription, plan="gold")
    before = seen(preview_change, wish)
    done = do(change, wish)
    # 15 of 30 days: 10.00 → −5.00, 30.00 → 15.00; 10.00 and 20 % are 12.00
    sixteenth = date(2026, 4, 16)
    assert shop.lines(subscription)[1:] == [
        ("returned", sixteenth, MAY, -500, -100),
        ("recurring", sixteenth, MAY, 1500, 300),
    ]
    assert (before.total_minor, before.when, before.renewal_minor) == (done.total_minor, "immediate", 3000)
    assert done.total_minor == 1200
    after = shop.get(Subscription, subscription)
    assert (after.plan_id, after.next_bill_on, after.billed_through) == (gold[0], MAY, MAY)
    shop.run(MAY)
    assert shop.lines(subscription)[-1] == ("recurring", MAY, JUN, 3000, 600)
    assert owes(shop, customer) == 1200 + 1200 + 3600
    assert in_order()


def test_pitfall_17_a_second_upgrade_credits_the_plan_that_was_running(shop):
    for code, minor in (("a", 1000), ("b", 3000), ("c", 6000)):
        shop.plan(code, minor)
    _, subscription = paying(shop, shop.plan("basic", 600))
    for day, code in ((11, "a"), (16, "b"), (21, "c")):
        on(date(2026, 4, day))
        do(change, ChangeWish(subscription, plan=code))
    # fair parts: 6.00 × 10/30 + 10.00 × 5/30 + 30.00 × 5/30 + 60.00 × 10/30 = 2.00 + 1.67 + 5.00 + 20.00
    nets = [line[3] for line in shop.lines(subscription)]
    assert sum(nets) == 200 + 167 + 500 + 2000
    assert in_order()


def test_pitfall_20_changes_on_one_day_net_to_the_last_one_alone(shop):
    basic = shop.plan("basic", 1000)
    shop.plan("gold", 3000), shop.plan("top", 5000)
    customer, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    for code in ("gold", "top", "gold"):
        do(change, ChangeWish(subscription, plan=code, when="immediate"))
    assert billed(shop, subscription) == 1000 - 500 + 1500
    do(change, ChangeWish(subscription, plan="basic", when="immediate"))
    # back where it began: the month of the plan that was there all along
    assert billed(shop, subscription) == 1000
    assert owes(shop, customer) == 1200
    assert in_order()


def billed(shop, subscription):
    """Net, less what was given back."""
    documents = shop.all(Document, Document.subscription_id == subscription)
    return sum(-one.net_minor if one.kind == "credit_note" else one.net_minor for one in documents)


def test_a_downgrade_waits_for_the_end_of_the_term_and_can_be_taken_back(shop):
    gold = shop.plan("gold", 3000)
    shop.plan("basic", 1000)
    _, subscription = paying(shop, gold)
    on(date(2026, 4, 16))
    done = do(change, ChangeWish(subscription, plan="basic"))
    assert (done.state, done.effective_on) == ("scheduled", "2026-05-01")
    assert len(shop.lines(subscription)) == 1
    with pytest.raises(Conflict, match="planned already"):
        do(change, ChangeWish(subscription, plan="basic"))
    do(keep, subscription)
    shop.run(MAY)
    assert shop.lines(subscription)[-1] == ("recurring", MAY, JUN, 3000, 600)
    do(change, ChangeWish(subscription, plan="basic"))
    shop.run(JUN)
    assert shop.lines(subscription)[-1] == ("recurring", JUN, date(2026, 7, 1), 1000, 200)
    assert in_order()


def test_the_price_that_has_come_to_hold_decides_what_is_more_and_what_is_less(shop):
    """Basic was 10.00 when it was bought, and is 25.00 from May on: gold for 20.00 is less since then."""
    basic = shop.plan("basic", 1000)
    shop.plan("gold", 2000)
    _, subscription = paying(shop, basic)
    again = {"version": 2, "existing_from": MAY}
    shop.price(basic[0], shop.books["EURFalse"], "1 month", 2500, **again)
    on(date(2026, 4, 16))
    assert seen(preview_change, ChangeWish(subscription, plan="gold")).when == "immediate"
    on(date(2026, 5, 16))
    shop.run(date(2026, 5, 16))
    assert seen(preview_change, ChangeWish(subscription, plan="gold")).when == "end_of_term"
    with reading() as session:
        plans = change_choices(session, subscription).plans
        assert [(monthly_revenue(session, day)) for day in (APR, MAY)] == [{"EUR": 1000}, {"EUR": 2500}]
    assert [(one.code, one.amount.minor, one.when) for one in plans] == [
        ("basic", 2500, "immediate"),
        ("gold", 2000, "end_of_term"),
    ]


@pytest.mark.parametrize(("begins", "term"), [(date(2027, 2, 1), "4 weeks"), (date(2027, 1, 1), "365 days")])
def test_days_and_weeks_have_no_months_of_30_days(shop, begins, term):
    """Four weeks from 1 February end on 1 March: half is 14 of 28 days, though the plan counts a month as 30."""
    basic = shop.plan("basic", 2800, term, proration="fixed_30")
    shop.plan("gold", 5600, term, proration="fixed_30")
    subscription = shop.subscribe(shop.customer(), basic, due=begins)
    on(begins)
    shop.run(begins)
    whole = Period(begins, cycle_start(begins, Term.parse(term), 1))
    half = begins + timedelta(days=whole.days // 2)
    on(half)
    do(change, ChangeWish(subscription, plan="gold"))
    back = round(2800 * (whole.end - half).days / whole.days)
    assert [line[3] for line in shop.lines(subscription)] == [2800, -back, 2 * back]
    assert verify_billing().faults == []


def test_pitfall_18_an_upgrade_leaves_the_add_ons_alone(shop):
    basic, sport = (
        shop.plan("basic", 1000),
        shop.plan("sport", 300, kind="bouquet", details={"plans": ["basic", "gold"]}),
    )
    shop.plan("gold", 3000)
    _, subscription = paying(shop, basic, sport)
    on(date(2026, 4, 16))
    do(change, ChangeWish(subscription, plan="gold"))
    assert [line[3] for line in shop.lines(subscription)] == [1000, 300, -500, 1500]


def test_one_more_screen_is_charged_to_the_day_on_which_the_plan_ends_and_given_back_again(shop):
    basic = shop.plan("basic", 1000)
    shop.plan("screen", 300, kind="connection", details={"plans": ["basic"], "max_units": 4})
    customer, subscription = paying(shop, basic)
    on(date(2026, 4, 11))
    do(change, ChangeWish(subscription, addons=(AddOnOrder("screen", 2),)))
    assert shop.lines(subscription)[-1] == ("recurring", date(2026, 4, 11), MAY, 400, 80)  # 6.00 × 20 / 30
    on(date(2026, 4, 21))
    done = do(change, ChangeWish(subscription, addons=(AddOnOrder("screen", 1),), when="immediate"))
    # two screens for 10 days less, one for 10 days: 6.00 × 10/30 back, 3.00 × 10/30 charged, and the tax
    assert done.total_minor == -240 + 120
    (note,) = shop.all(Document, Document.kind == "credit_note")
    assert (note.net_minor, note.tax_minor, note.total_minor) == (100, 20, 120)
    assert owes(shop, customer) == 1200 + 480 - 120
    assert in_order()


def test_monthly_to_yearly_keeps_the_day_and_bills_whole_years_from_it(shop):
    basic = shop.plan("basic", 1000)
    book = shop.books["EURFalse"]
    shop.price(basic[0], book, "1 year", 12000)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    do(change, ChangeWish(subscription, term="1 year", when="immediate"))
    # back 10.00 × 15/30 and 20 %; 120.00 × 15/365 = 4.93 and 0.99 until the day that is billed anyway
    (note,) = shop.all(Document, Document.kind == "credit_note")
    assert (note.net_minor, note.tax_minor) == (500 - 493, 100 - 99)
    shop.run(MAY)
    assert shop.lines(subscription)[-1] == ("recurring", MAY, date(2027, 5, 1), 12000, 2400)
    assert shop.get(Subscription, subscription).next_bill_on == date(2027, 5, 1)


def test_monthly_to_yearly_from_today_on(shop):
    basic = shop.plan("basic", 1000)
    shop.price(basic[0], shop.books["EURFalse"], "1 year", 12000)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 16))
    wish = ChangeWish(subscription, term="1 year", restart=True)
    assert seen(preview_change, wish).renews_on == date(2027, 4, 16)
    do(change, wish)
    assert shop.lines(subscription)[1:] == [
        ("returned", date(2026, 4, 16), MAY, -500, -100),
        ("recurring", date(2026, 4, 16), date(2027, 4, 16), 12000, 2400),
    ]
    assert shop.get(Subscription, subscription).next_bill_on == date(2027, 4, 16)


def test_no_whole_period_begins_in_a_trial(shop):
    """It ran from 25 March to 1 April: none of its days is charged, and its line stays on the panel to its end."""
    basic, _ = shop.plan("basic", 1000), shop.plan("gold", 3000)
    trial = {"state": "trial", "phase": "trial", "phase_ends_on": APR, "started_on": date(2026, 3, 25)}
    subscription = shop.subscribe(shop.customer(), basic, due=APR, **trial)
    on(date(2026, 3, 28))
    with pytest.raises(InvalidInput, match="restart: only what is billed in advance"):
        do(change, ChangeWish(subscription, plan="gold", restart=True))
    on(APR)
    shop.run(APR)
    on(date(2026, 4, 6))
    with pytest.raises(InvalidInput, match="on: must be from 2026-04-01 to today"):
        do(change, ChangeWish(subscription, plan="gold", restart=True, on=date(2026, 3, 28)))
    do(change, ChangeWish(subscription, plan="gold", restart=True, on=APR))
    assert billed(shop, subscription) == 3000


def test_a_backdated_correction_writes_only_the_difference(shop):
    basic = shop.plan("basic", 1000)
    shop.plan("gold", 3000)
    _, subscription = paying(shop, basic)
    on(date(2026, 4, 21))
    do(change, ChangeWish(subscription, plan="gold"))
    do(change, ChangeWish(subscription, plan="basic", when="immediate"))
    # it should have been gold from the 11th on
    do(change, ChangeWish(subscription, plan="gold", on=date(2026, 4, 11)))
    assert billed(shop, subscription) == 333 + 2000  # 10.00 × 10/30 + 30.00 × 20/30
    assert in_order()


def test_below_zero_the_money_becomes_credit_for_the_next_invoice(shop):
    gold = shop.plan("gold", 3000)
    shop.plan("basic", 1000)
    customer = shop.customer(credit_minor=3600, card=False)
    subscription = shop.subscribe(customer, gold, due=APR)
    shop.run(APR)
    on(date(2026, 4, 16))
    done = do(change, ChangeWish(subscription, plan="basic", when="immediate"))
    assert done.total_minor == -1200  # 15.00 − 5.00 and 20 %
    assert sum(row.remaining_minor for row in shop.all(CustomerCredit)) == 1200
    shop.run(MAY)
    assert [row.state for row in shop.all(Document)] == ["paid", "paid", "paid"]
    assert owes(shop, customer) == 0
    assert in_order()


def test_what_can_not_be_changed_says_why(shop):
    basic = shop.plan("basic", 1000)
    shop.plan("gold", 3000), shop.plan("else", 500, family="other")
    customer, subscription = paying(shop, basic)
    me = customer_of(customer)
    on(date(2026, 4, 16))
    for wish, ctx, kind, words in (
        (ChangeWish(subscription, plan="gold"), me, Conflict, "not paid yet"),
        (ChangeWish(subscription, plan="gold", on=APR), me, NotAllowed, "only staff"),
        (ChangeWish(subscription, plan="basic"), SYSTEM, InvalidInput, "has already"),
        (ChangeWish(subscription, plan="nothing"), SYSTEM, BillheadError, "There is no plan"),
        (ChangeWish(subscription, plan="gold", on=MAY), SYSTEM, InvalidInput, "to today"),
        (ChangeWish(subscription, plan="gold", on=date(2026, 3, 1)), SYSTEM, InvalidInput, "must be from"),
        (ChangeWish(subscription, plan="gold", when="soon"), SYSTEM, InvalidInput, "not immediate"),
        (ChangeWish(subscription, addons=(AddOnOrder("gold"),)), SYSTEM, InvalidInput, "can't be added"),
        (ChangeWish(subscription, term="3 months"), SYSTEM, BillheadError, "no price"),
        (ChangeWish(subscription, term="never"), SYSTEM, InvalidInput, "not a term"),
        (ChangeWish(9999, plan="gold"), SYSTEM, BillheadError, "There is no subscription"),
        (ChangeWish(subscription, plan="gold"), customer_of(customer + 1), BillheadError, "There is no subscription"),
    ):
        with pytest.raises(kind, match=words):
            do(change, wish, ctx=ctx)
    assert len(shop.all(Document)) == 1
    assert len(shop.all(SubscriptionComponent)) == 1


def test_quarters_that_follow_a_month_remember_the_31st(shop):
    """Billed on the last day of each month since January. From 28 February on she pays by the quarter."""
    basic = shop.plan("basic", 1000)
    shop.price(basic[0], shop.books["EURFalse"], "3 months", 2700)
    subscription = shop.subscribe(shop.customer(credit_minor=90_000), basic, due=date(2026, 1, 31))
    shop.run(date(2026, 1, 31))
    on(date(2026, 2, 3))
    do(change, ChangeWish(subscription, term="3 months", when="end_of_term"))
    for day in (date(2026, 2, 28), date(2026, 5, 31), date(2026, 8, 31)):
        on(day)
        shop.run(day)
    assert [(line[1], line[2], line[3]) for line in shop.lines(subscription)[1:]] == [
        (date(2026, 2, 28), date(2026, 5, 31), 2700),
        (date(2026, 5, 31), date(2026, 8, 31), 2700),
        (date(2026, 8, 31), date(2026, 11, 30), 2700),
    ]


def test_what_is_given_back_of_several_says_of_how_many(shop):
    basic = shop.plan("basic", 1000)
    shop.plan("screen", 300, kind="connection", details={"plans": ["basic"], "max_units": 3})
    subscription = shop.subscribe(shop.customer(credit_minor=90_000), basic, due=APR)
    shop.run(APR)
    do(change, ChangeWish(subscription, addons=(AddOnOrder("screen", 3),)))
    on(date(2026, 4, 16))
    done = do(change, ChangeWish(subscription, addons=(), when="immediate"))
    (line,) = shop.all(DocumentLine, DocumentLine.document_id == done.document_id)
    assert describe_line(line) == "screen × 3 (returned)"
    assert line.net_minor == 450  # 3 × 3.00 × 15/30
