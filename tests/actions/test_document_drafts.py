"""Drafts, invoices by hand, merging and splitting, and what becomes of proformas: told with dates and cents."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.first import first
from billhead.actions.billing.rebill import rebill
from billhead.actions.billing.settle_proforma import preview_settle_proforma, settle_proforma
from billhead.actions.documents.add_line import FreeLine, ProductLine, add_line
from billhead.actions.documents.change_line import change_line
from billhead.actions.documents.draft_invoice import draft_invoice
from billhead.actions.documents.finalise_draft import finalise_draft, preview_finalise_draft
from billhead.actions.documents.look_after import look_after
from billhead.actions.documents.merge_documents import merge_documents
from billhead.actions.documents.reissue_proforma import reissue_proforma
from billhead.actions.documents.remove_line import remove_line
from billhead.actions.documents.split_document import split_document
from billhead.actions.documents.undo_merge import undo_merge
from billhead.actions.documents.void_document import void_document
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput
from billhead.models.catalogue import Plan
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Allocation, Document, DocumentLine, Party
from billhead.models.ledger import LedgerEntry
from billhead.models.operations import Event, Job
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent

NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
STAFF = replace(SYSTEM, reason="asked by phone")


def noon(day):
    return clock.business_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, noon(NOV):
        yield shop


def act(verb, *args, **more):
    with writing(STAFF) as tx:
        return verb(tx, *args, **more)


def held(shop):
    shop.change(Seller, shop.seller_id, hold_for_review=True)


def sound(shop):
    with reading() as session:
        assert verify_ledger(session).faults == []


def figures(shop, document_id):
    document = shop.get(Document, document_id)
    return document.state, document.net_minor, document.tax_minor, document.total_minor


def lines(shop, document_id):
    return shop.all(DocumentLine, DocumentLine.document_id == document_id)


# -- drafts of the run -----------------------------------------------------------------------------------------------


def test_a_draft_of_the_run_has_no_number_posting_credit_or_collection_and_is_not_billed_again(shop):
    held(shop)
    subscription = shop.subscribe(shop.customer(credit_minor=500), shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    (draft,) = shop.all(Document)
    assert (draft.state, draft.number, draft.number_text, draft.issued_on) == ("draft", None, "", None)
    assert (draft.total_minor, draft.settled_minor, draft.held_because) == (1200, 0, "review")
    assert [entry.kind for entry in shop.all(LedgerEntry)] == ["grant"]
    assert shop.all(Job) == []
    assert shop.all(Event) == []
    assert shop.run(NOV).considered == 0
    assert shop.run(date(2026, 11, 30)).considered == 0
    assert shop.get(Subscription, subscription).paid_through == NOV


def test_finalising_takes_number_tax_credit_and_address_of_that_day(shop):
    held(shop)
    customer = shop.customer(credit_minor=500)
    shop.subscribe(customer, shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    (draft,) = shop.all(Document)
    shop.change(Customer, customer, name="Aino Virtanen", region="AX")  # moved to Åland meanwhile: no tax there
    with noon(date(2026, 11, 5)):
        with reading() as session:
            would_be = preview_finalise_draft(session, draft)
        done = act(finalise_draft, draft.id)
    final = shop.get(Document, draft.id)
    assert done.number == final.number_text == "2026-000001"
    assert (final.state, final.issued_on, final.due_on) == ("partly_paid", date(2026, 11, 5), date(2026, 11, 5))
    # 10.00 without tax, 5.00 of it paid by credit
    assert (final.net_minor, final.tax_minor, final.total_minor, final.settled_minor) == (1000, 0, 1000, 500)
    assert (would_be.net, would_be.tax, would_be.total, would_be.credit) == (1000, 0, 1000, 500)
    assert shop.get(Party, final.buyer_id).data["name"] == "Aino Virtanen"
    assert [row.amount_minor for row in shop.all(Allocation)] == [500]
    assert [row.remaining_minor for row in shop.all(CustomerCredit)] == [0]
    assert [job.kind for job in shop.all(Job)] == ["payments.collect"]
    assert [event.type for event in shop.all(Event)] == ["document.issued"]
    sound(shop)
    with pytest.raises(Conflict, match="is partly_paid: it can't be changed any more"):
        act(finalise_draft, draft.id)


def test_a_draft_that_credit_pays_extends_the_line_when_it_is_final(shop):
    held(shop)
    subscription = shop.subscribe(shop.customer(credit_minor=1200), shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    act(finalise_draft, shop.all(Document)[0].id)
    assert shop.get(Subscription, subscription).paid_through == DEC
    (line,) = shop.all(Service)
    assert line.desired_expires_at == datetime(2026, 12, 4, tzinfo=UTC)
    sound(shop)


def test_days_of_grace_then_the_job_makes_final_and_what_fails_is_held_with_the_reason(shop):
    shop.change(Seller, shop.seller_id, draft_days=3)
    plan = shop.plan("tv", 1000)
    good, bad = shop.customer(), shop.customer()
    for customer in (good, bad):
        shop.subscribe(customer, plan, due=NOV)
    shop.run(NOV)
    shop.change(Customer, bad, country="XX")  # the engine has no rate for it
    with noon(date(2026, 11, 3)):
        assert look_after(SYSTEM) == (0, 0)
    with noon(date(2026, 11, 4)):
        assert look_after(SYSTEM) == (1, 0)
    one, other = shop.all(Document)
    assert (one.state, one.number, one.issued_on) == ("final", 1, date(2026, 11, 4))
    assert (other.state, other.number, other.finalise_on) == ("draft", None, None)
    assert other.held_because == "The plugin flat failed: tax engine: LookupError: no rate for XX"
    shop.change(Customer, bad, country="FI")
    act(finalise_draft, other.id)
    assert shop.get(Document, other.id).number == 2
    sound(shop)


def test_staff_change_a_draft_with_a_reason_and_the_run_s_lines_stay(shop):
    held(shop)
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    (draft,) = shop.all(Document)
    (line,) = lines(shop, draft.id)
    with pytest.raises(InvalidInput, match="reason: say why"), writing(SYSTEM) as tx:
        change_line(tx, line.id, "TV", 1, 900)
    act(change_line, line.id, "TV, goodwill", 1, 750)
    act(add_line, draft.id, FreeLine("Cable, 5 m", 199, 2))
    # 7.50 + 3.98 = 11.48; tax 1.50 + 0.80 (0.796) = 2.30
    assert figures(shop, draft.id) == ("draft", 1148, 230, 1378)
    with pytest.raises(Conflict, match="this line bills a subscription and stays"):
        act(remove_line, line.id)
    act(remove_line, lines(shop, draft.id)[1].id)
    assert figures(shop, draft.id) == ("draft", 750, 150, 900)
    kept = lines(shop, draft.id)[0]
    assert (kept.description, kept.period_start, kept.period_end) == ("TV, goodwill", NOV, DEC)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (FreeLine(" ", 100), "description"), (FreeLine("x" * 201, 100), "description"),
        (FreeLine("Box", 100, 0), "quantity"), (FreeLine("Box", 100, -1), "quantity"),
        (FreeLine("Box", 10**13 + 1), "unit_minor"), (FreeLine("Box", 1.5), "unit_minor"),
        (FreeLine("Box", 100, tax_class="nosuchclass"), "tax_class"), (FreeLine("Box", 100, tax_class=""), "tax_class"),
    ],
)  # fmt: skip
def test_what_a_line_may_not_be(sqlite_url, tmp_path, line, field):
    with open_shop(sqlite_url, tmp_path) as shop:
        draft = act(draft_invoice, shop.customer())
        with pytest.raises(InvalidInput) as refused:
            act(add_line, draft.document_id, line)
        assert refused.value.field == field


def test_an_invoice_by_hand_for_somebody_without_a_subscription(shop):
    customer = shop.customer(card=False)
    box = shop.plan("box", 4900, term="")
    dollars = shop.plan("usd-box", 4900, term="", currency="USD")
    draft = act(draft_invoice, customer).document_id
    with pytest.raises(Conflict, match="without lines"):
        act(finalise_draft, draft)
    act(add_line, draft, ProductLine(box[1], 2))
    act(add_line, draft, FreeLine("Installation", 3000))
    act(add_line, draft, FreeLine("For a friend", -800))
    with pytest.raises(CurrencyMismatch):
        act(add_line, draft, ProductLine(dollars[1]))
    # 98.00 + 30.00 − 8.00 = 120.00, tax 24.00
    assert figures(shop, draft) == ("draft", 12000, 2400, 14400)
    assert act(finalise_draft, draft).number == "2026-000001"
    assert figures(shop, draft) == ("final", 12000, 2400, 14400)
    sound(shop)


def test_a_draft_below_zero_is_refused(shop):
    draft = act(draft_invoice, shop.customer()).document_id
    with pytest.raises(InvalidInput, match="discounts are larger"):
        act(add_line, draft, FreeLine("Sorry", -100))


def test_a_part_of_a_small_price_costs_the_same_as_a_draft_and_final(shop):
    held(shop)
    subscription = shop.subscribe(shop.customer(), shop.plan("tv", 2), due=NOV, billing_ends_on=date(2026, 11, 16))
    shop.run(NOV)
    (draft,) = shop.all(Document)
    assert (draft.state, draft.total_minor) == ("draft", 1)  # 0.02 × 15/30, and 20 % of that are 0.00
    act(finalise_draft, draft.id)
    assert shop.get(Document, draft.id).total_minor == 1
    assert [line[3] for line in shop.lines(subscription)] == [1]
    sound(shop)


def test_a_void_draft_is_billed_anew_by_what_is_true_then(shop):
    held(shop)
    plan = shop.plan("tv", 1000, setup_minor=500)
    subscription = shop.subscribe(shop.customer(), plan, due=NOV, billed_through=None)
    shop.run(NOV)
    (draft,) = shop.all(Document)
    assert draft.net_minor == 1500
    act(void_document, draft.id, reason="the plan was wrong")
    again = shop.get(Subscription, subscription)
    assert (again.billed_through, again.next_bill_on) == (None, NOV)
    shop.run(NOV)
    old, new = shop.all(Document)
    assert (old.state, new.state, new.net_minor) == ("void", "draft", 1500)
    shop.run(DEC)
    with pytest.raises(Conflict, match="is billed to 2027-01-01 already"):
        act(void_document, new.id, reason="too late")


def test_a_void_invoice_gives_its_time_away_and_no_run_bills_it_again(shop):
    subscription = shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV)
    shop.run(NOV)
    (invoice,) = shop.all(Document)
    act(void_document, invoice.id, reason="a gesture")
    shop.run(NOV)
    act(rebill, subscription)
    assert len(shop.all(Document)) == 1
    shop.run(DEC)
    assert [one.state for one in shop.all(Document)] == ["void", "final"]
    assert shop.lines(subscription)[-1][1:3] == (DEC, date(2027, 1, 1))
    sound(shop)


# -- one document for several subscriptions --------------------------------------------------------------------------


def test_who_wants_one_invoice_a_day_gets_one_and_each_subscription_goes_on(shop):
    customer, other = shop.customer(consolidate=True, credit_minor=600), shop.customer()
    plan, film = shop.plan("tv", 1000), shop.plan("film", 333)
    ids = [
        shop.subscribe(customer, plan, due=NOV), shop.subscribe(other, plan, due=NOV),
        shop.subscribe(customer, film, due=NOV), shop.subscribe(customer, plan, due=date(2026, 11, 15)),
    ]  # fmt: skip
    planned = shop.run(NOV, dry_run=True, chunk_size=1)
    report = shop.run(NOV, chunk_size=1)
    assert (planned.invoices, planned.sums, planned.considered) == (report.invoices, report.sums, report.considered)
    assert (report.invoices, report.considered) == (2, 3)
    (joint,) = shop.all(Document, Document.customer_id == customer)
    # 10.00 + 3.33 = 13.33; tax 2.00 + 0.67 = 2.67; 6.00 of it paid by credit
    assert (joint.total_minor, joint.settled_minor, joint.subscription_id) == (1600, 600, None)
    assert [line.subscription_id for line in lines(shop, joint.id)] == [ids[0], ids[2]]
    assert [shop.get(Subscription, one).billed_through for one in ids] == [DEC, DEC, DEC, date(2026, 11, 15)]
    assert shop.run(NOV).considered == 0
    sound(shop)


def test_one_bad_subscription_costs_itself_and_not_the_others_on_the_document(shop):
    customer = shop.customer(consolidate=True)
    plan, yearly = shop.plan("tv", 1000), shop.plan("year", 9000, "1 year")
    good = [shop.subscribe(customer, plan, due=NOV) for _ in range(2)]
    bad = shop.subscribe(customer, plan, yearly, due=NOV)
    report = shop.run(NOV, chunk_size=1)
    assert (report.invoices, report.failed, report.considered) == (1, 1, 3)
    (joint,) = shop.all(Document)
    assert [line.subscription_id for line in lines(shop, joint.id)] == good
    assert shop.get(Subscription, bad).billed_through == NOV


# -- merging and splitting -------------------------------------------------------------------------------------------


def order(shop, customer, *plans):
    pending = {"collection": "manual", "state": "pending", "billed_through": None, "paid_through": None}
    subscription = shop.subscribe(customer, *plans, due=NOV, **pending, next_bill_on=None)
    with writing(SYSTEM) as tx:
        return subscription, first(tx, subscription)


def test_two_orders_merged_are_paid_at_once_and_both_begin(shop):
    customer = shop.customer(card=False)
    (one, a), (two, b) = order(shop, customer, shop.plan("tv", 1000)), order(shop, customer, shop.plan("film", 333))
    merged = act(merge_documents, [a, b]).document_id
    assert figures(shop, merged) == ("open", 1333, 267, 1600)
    assert [shop.get(Document, each).state for each in (a, b)] == ["merged", "merged"]
    with reading() as session:
        promised = preview_settle_proforma(session, merged)
    with writing(SYSTEM) as tx:
        invoice = settle_proforma(tx, merged)
    assert [(line.subscription_id, line.period_start, line.period_end) for line in lines(shop, invoice)] == [
        (one, NOV, DEC), (two, NOV, DEC),
    ]  # fmt: skip
    assert {key: (period.start, period.end) for key, period in promised.items()} == {one: (NOV, DEC), two: (NOV, DEC)}
    assert [shop.get(Subscription, each).state for each in (one, two)] == ["active", "active"]
    assert shop.get(Document, invoice).subscription_id is None
    sound(shop)


def test_a_merge_is_undone_and_what_does_not_fit_is_refused(shop):
    customer = shop.customer(card=False)
    (_, a), (_, b) = order(shop, customer, shop.plan("tv", 1000)), order(shop, customer, shop.plan("film", 333))
    merged = act(merge_documents, [a, b]).document_id
    act(undo_merge, merged)
    assert [figures(shop, each) for each in (a, b)] == [("open", 1000, 200, 1200), ("open", 333, 67, 400)]
    assert shop.get(Document, merged).state == "void"
    with pytest.raises(Conflict, match="only what was merged"):
        act(undo_merge, a)
    with pytest.raises(InvalidInput, match="at least two"):
        act(merge_documents, [a, a])
    _, strange = order(shop, shop.customer(), shop.plan("strange", 100))
    with pytest.raises(Conflict, match="documents of one customer"):
        act(merge_documents, [a, strange])
    gross = shop.plan("gross", 100, tax_inclusive=True)
    with pytest.raises(Conflict, match="way to state prices"):
        act(merge_documents, [a, order(shop, customer, gross)[1]])


def test_split_and_put_back(shop):
    held(shop)
    customer = shop.customer(consolidate=True)
    plan = shop.plan("tv", 1000)
    ids = [shop.subscribe(customer, plan, shop.plan(f"film{n}", 333), due=NOV) for n in range(2)]
    shop.run(NOV)
    (draft,) = shop.all(Document)
    mine = [line.id for line in lines(shop, draft.id) if line.subscription_id == ids[1]]
    with pytest.raises(Conflict, match="stay on one document"):
        act(split_document, draft.id, mine[:1])
    with pytest.raises(InvalidInput, match="not all"):
        act(split_document, draft.id, [line.id for line in lines(shop, draft.id)])
    off = act(split_document, draft.id, mine).document_id
    assert figures(shop, draft.id) == figures(shop, off) == ("draft", 1333, 267, 1600)
    assert shop.get(Document, off).subscription_id == ids[1]
    act(undo_merge, off)
    assert figures(shop, draft.id) == ("draft", 2666, 534, 3200)
    assert figures(shop, off) == ("void", 0, 0, 0)


def test_canceling_one_of_two_on_a_proforma_leaves_the_other_to_be_paid(shop):
    customer = shop.customer(card=False)
    (one, a), (two, b) = order(shop, customer, shop.plan("tv", 1000)), order(shop, customer, shop.plan("film", 333))
    merged = act(merge_documents, [a, b]).document_id
    act(cancel, one, "immediate")
    assert figures(shop, merged) == ("open", 333, 67, 400)
    assert shop.get(Document, merged).subscription_id == two


# -- proformas -------------------------------------------------------------------------------------------------------


def test_an_order_that_nobody_pays_expires_and_frees_its_place(shop):
    subscription, proforma = order(shop, shop.customer(card=False), shop.plan("tv", 1000))
    assert shop.get(Document, proforma).due_on == date(2026, 11, 15)
    with noon(date(2026, 12, 15)):  # 30 days later
        assert look_after(SYSTEM) == (0, 0)
    with noon(date(2026, 12, 16)):
        assert look_after(SYSTEM) == (0, 1)
    assert shop.get(Document, proforma).state == "expired"
    assert shop.get(Subscription, subscription).state == "canceled"
    assert [service.lifecycle for service in shop.all(Service)] == ["unwanted"]


def test_a_proforma_issued_anew_has_todays_price_and_the_old_one_is_void(shop):
    subscription = shop.subscribe(
        shop.customer(card=False), shop.plan("tv", 1000), due=DEC, collection="manual", next_bill_on=NOV
    )
    shop.run(NOV)
    (old,) = shop.all(Document)
    dearer = shop.plan("tv-hd", 1500)
    (part,) = shop.all(SubscriptionComponent)
    shop.change(SubscriptionComponent, part.id, price_id=dearer[1], plan_id=dearer[0])
    new = act(reissue_proforma, old.id).document_id
    assert shop.get(Document, old.id).state == "void"
    assert figures(shop, new) == ("open", 1500, 300, 1800)
    assert shop.run(NOV).considered == 0
    with pytest.raises(Conflict, match="is void"):
        act(reissue_proforma, old.id)
    _, order_id = order(shop, shop.customer(card=False), shop.plan("film", 333))
    again = act(reissue_proforma, order_id).document_id
    assert figures(shop, again) == ("open", 333, 67, 400)
    assert shop.get(Subscription, subscription).next_bill_on is None


def test_where_numbers_are_given_to_what_is_paid_a_renewal_is_a_proforma_charged_on_its_day(shop):
    shop.change(Seller, shop.seller_id, number_on="payment", number_proformas=True)
    by_hand = shop.subscribe(shop.customer(), shop.plan("film", 333), due=DEC, collection="manual", next_bill_on=NOV)
    subscription = shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=NOV, anchor=date(2026, 10, 1))
    report = shop.run(NOV)
    assert (report.invoices, report.proformas, report.totals()) == (0, 2, {})
    (offer,), (other,) = [shop.all(Document, Document.total_minor == total) for total in (1200, 400)]
    assert (offer.number, offer.number_text[:3], offer.entry_id) == (None, "PF-", None)
    # only what is charged by itself is collected
    assert [job.args for job in shop.all(Job)] == [{"document_id": offer.id}]
    assert shop.run(NOV).considered == 0
    with writing(SYSTEM) as tx:
        invoice = settle_proforma(tx, offer.id)
    assert shop.get(Document, invoice).number_text == "2026-000001"
    assert [(line.period_start, line.period_end) for line in lines(shop, invoice)] == [(NOV, DEC)]
    assert shop.get(Subscription, subscription).next_bill_on == DEC
    assert shop.get(Subscription, by_hand).next_bill_on is None
    assert other.state == "open"


# -- days of lead ----------------------------------------------------------------------------------------------------


def test_invoiced_ten_days_before_due_and_charged_on_the_day(shop):
    plan = shop.plan("tv", 1000)
    shop.change(Plan, plan[0], lead_days={"1 month": 10})
    subscription = shop.subscribe(shop.customer(), plan, due=DEC, next_bill_on=date(2026, 11, 21))
    assert shop.run(date(2026, 11, 20)).considered == 0
    with noon(date(2026, 11, 21)):
        shop.run(date(2026, 11, 21))
    (invoice,) = shop.all(Document)
    assert (invoice.issued_on, invoice.due_on, invoice.state) == (date(2026, 11, 21), DEC, "final")
    assert [(line.period_start, line.period_end) for line in lines(shop, invoice.id)] == [(DEC, JAN)]
    (job,) = shop.all(Job)
    assert (job.kind, job.due_at) == ("payments.collect", datetime(2026, 12, 1, tzinfo=UTC))
    after = shop.get(Subscription, subscription)
    assert (after.billed_through, after.next_bill_on) == (JAN, date(2026, 12, 22))


def test_a_lead_longer_than_the_term_bills_one_period_ahead_and_no_more(shop):
    plan = shop.plan("week", 300, "1 week")
    shop.change(Plan, plan[0], lead_days={"": 60})
    shop.subscribe(shop.customer(), plan, due=NOV)
    shop.run(NOV)
    assert [line.period_start for line in shop.all(DocumentLine)] == [NOV]
    assert shop.run(NOV).considered == 0
    shop.run(date(2026, 11, 2))
    assert [line.period_start for line in shop.all(DocumentLine)] == [NOV, date(2026, 11, 8)]


def charges(shop):
    """Which documents are to be charged to a saved method, by the jobs that are queued."""
    queued = shop.all(Job, Job.kind == "payments.collect", Job.state == "queued")
    return {job.args["document_id"]: job.due_at.date() for job in queued}


def test_what_was_to_be_charged_is_charged_after_a_merge_a_split_and_back(shop):
    shop.change(Seller, shop.seller_id, number_on="payment")
    customer = shop.customer()
    for plan in (shop.plan("tv", 1000), shop.plan("radio", 500)):
        shop.subscribe(customer, plan, due=NOV, collection="auto")
    shop.run(NOV)
    assert charges(shop) == {1: NOV, 2: NOV}
    merged = act(merge_documents, [1, 2]).document_id
    assert charges(shop)[merged] == NOV
    for job in shop.all(Job, Job.kind == "payments.collect"):
        if job.args["document_id"] != merged:  # finds that its proforma is merged
            shop.change(Job, job.id, state="done")
    act(undo_merge, merged)
    assert charges(shop) == {1: NOV, 2: NOV, merged: NOV}
    again = act(merge_documents, [1, 2]).document_id
    radio = shop.all(DocumentLine, DocumentLine.document_id == again)[1]
    off = act(split_document, again, [radio.id]).document_id
    assert {again, off} <= charges(shop).keys()


def test_merged_proformas_of_who_pays_by_hand_are_not_charged(shop):
    customer = shop.customer()
    for plan in (shop.plan("tv", 1000), shop.plan("radio", 500)):
        shop.subscribe(customer, plan, due=NOV, collection="manual")
    shop.run(NOV)
    act(merge_documents, [one.id for one in shop.all(Document)])
    assert charges(shop) == {}
