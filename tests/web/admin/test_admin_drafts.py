"""Staff at work on documents that are not final, and on billing runs: what they see, press, and what comes of it."""

import re

from sqlalchemy import select

from billhead import clock
from billhead.db import reading
from billhead.models.catalogue import Plan
from billhead.models.documents import BillingRun, Document, DocumentLine, FailedItem
from billhead.models.operations import AuditEntry, Job
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription


def newest(counter):
    with counter.shop.app.app_context(), reading() as session:
        return session.scalars(select(Document).order_by(Document.id.desc()).limit(1)).one()


def line_of(counter, document_id):
    with counter.shop.app.app_context(), reading() as session:
        query = select(DocumentLine).where(DocumentLine.document_id == document_id).order_by(DocumentLine.position)
        return session.scalars(query).all()[-1]


def test_an_invoice_by_hand_from_an_empty_draft_to_its_number(counter):
    counter.confirm("/admin/customers/1/invoice", tax_inclusive="y")
    draft = newest(counter)
    page = counter.get(f"/admin/documents/{draft.id}").text
    assert "it waits until somebody makes it final" in page
    assert "Make it final" not in page  # there is nothing on it
    line = {"description": "Installation <at home>", "quantity": "2", "unit_minor": "12.50", "tax_class": "tv"}
    page = counter.confirm(f"/admin/documents/{draft.id}/lines/free", **line).text
    assert "Installation &lt;at home&gt;" in page
    assert newest(counter).total_minor == 2500
    choices = counter.get(f"/admin/documents/{draft.id}/lines/product").text
    assert "Basic, 1 month: €9.99" in choices
    change = {"description": "Installation", "quantity": "1", "unit_minor": "20"}
    counter.confirm(f"/admin/lines/{line_of(counter, draft.id).id}/change", reason="one visit only", **change)
    assert counter.trail("documents.change_line")[0][1:] == (f"document:{draft.id}", "one visit only")
    question = counter.get(f"/admin/documents/{draft.id}/finalise").text
    assert re.search(r"Today it is €20.00, due \d+\u00a0[A-Z][a-z]{2}\u00a0\d{4}\.", question), "the day as everywhere"
    page = counter.confirm(f"/admin/documents/{draft.id}/finalise").text
    assert "It is final: 2" in page
    assert newest(counter).state == "final"
    refused = counter.post(f"/admin/documents/{draft.id}/finalise", reason="again")
    assert refused.status_code in (409, 422)


def test_what_a_line_may_not_be_is_said_at_its_field(counter):
    counter.confirm("/admin/customers/1/invoice")
    draft = newest(counter)
    form = {"description": "Box", "quantity": "0", "unit_minor": "1", "tax_class": "tv", "reason": "x"}
    answer = counter.post(f"/admin/documents/{draft.id}/lines/free", **form)
    assert answer.status_code == 422
    assert "whole number from 1" in answer.text
    form |= {"quantity": "1", "tax_class": "nosuchclass"}
    assert counter.post(f"/admin/documents/{draft.id}/lines/free", **form).status_code == 422
    assert newest(counter).total_minor == 0


def test_two_drafts_are_merged_split_and_put_back(counter):
    made = []
    for name in ("One", "Two"):
        counter.confirm("/admin/customers/1/invoice")
        made.append(newest(counter).id)
        line = {"description": name, "quantity": "1", "unit_minor": "10", "tax_class": "tv"}
        counter.confirm(f"/admin/documents/{made[-1]}/lines/free", **line)
    counter.confirm(f"/admin/documents/{made[0]}/merge", ticked=str(made[1]))
    merged = newest(counter)
    assert merged.total_minor == 2000
    assert "Its lines stand on" in counter.get(f"/admin/documents/{made[0]}").text
    counter.confirm(f"/admin/documents/{merged.id}/undo-merge")
    assert counter.row(Document, made[1]).state == "draft"


def test_a_run_that_asks_is_confirmed_with_its_figures_and_a_failed_item_is_tried_again(counter):
    less = {"currency": "EUR", "minor": 324, "usual_minor": 333, "invoices": 300}
    asks = BillingRun(as_of=clock.today_in("UTC"), state="needs_confirmation", totals={"EUR": 1234500}, documents=7,
                      unusual=less, started_at=clock.now())  # fmt: skip
    going = BillingRun(as_of=clock.today_in("UTC"), state="running", totals={}, started_at=clock.now())
    run, other = counter.add(asks, going)
    with counter.shop.app.app_context():
        from billhead.db import writing
        from billhead.domain.context import Context

        with writing(Context.system("test")) as tx:
            about = {"plugin": "flat", "error": "no rate", "tries": 2, "since": clock.now(), "at": clock.now()}
            tx.session.add(FailedItem(subscription_id=1, run_id=run, **about))
    page = counter.get(f"/admin/runs/{run}").text
    why = "It would bill €3.24 on each of 300 invoices; €3.33 or more is usual."
    assert why in page
    assert "no rate" in page
    question = counter.get(f"/admin/runs/{run}/confirm").text
    assert "€12,345.00 in 7 documents" in question
    assert why in question
    counter.confirm(f"/admin/runs/{run}/confirm")
    counter.confirm("/admin/not-billed/1/again")
    counter.confirm(f"/admin/runs/{other}/stop")
    assert counter.row(BillingRun, other).cancel_asked is True
    with counter.shop.app.app_context(), reading() as session:
        asked = [
            job.args for job in session.scalars(select(Job).where(Job.kind == "billing.run", Job.state == "queued"))
        ]
    assert {"confirmed": True} in asked
    assert {"confirmed": False, "only": [1]} in asked
    assert "Billing runs" in counter.get("/admin/runs").text


def test_what_would_be_billed_is_shown_before_a_run_is_asked_for(counter):
    today = clock.today_in("UTC")
    counter.shop.change(Subscription, 1, collection="auto", billed_through=today, next_bill_on=today)
    shown, told = counter.yes("/admin/runs/start", "not in the night")
    assert "<dt>Due</dt><dd>1</dd>" in shown
    assert "<dt>Left to collect</dt>" in shown
    assert "A worker does it next" in told
    assert counter.row(Subscription, 1).billed_through == today, "nothing was written"


def test_how_a_seller_bills_and_writes_numbers(counter):
    page = counter.get("/admin/sellers/1/billing").text
    assert "Days as a draft" in page
    rules = {"terms_days": "7", "lead_days": "10", "proforma_days": "5", "draft_days": "2", "number_on": "payment"}
    rules |= {"grace_hours": "24", "chargeback": "at_loss", "bad_debt_tax": "reclaim", "credit_pays_open": "y"}
    rules |= {
        "open_invoices": "void",
        "mac_swaps": "2",
        "tax_rounding": "per_rate_keep_net",
        "fiscal_year_start_month": "1",
    }
    assert counter.post("/admin/sellers/1/billing", **rules).status_code == 303
    assert (counter.row(Seller, 1).draft_days, counter.row(Seller, 1).number_on) == (2, "payment")
    assert (counter.row(Seller, 1).mac_swaps, counter.row(Seller, 1).tax_rounding) == (2, "per_rate_keep_net")
    policy = {"credit_pays_open": True, "chargeback": "at_loss", "bad_debt_tax": "reclaim", "open_invoices": "void"}
    assert (counter.row(Seller, 1).grace_hours, counter.row(Seller, 1).money_back) == (24, policy)
    entry = counter.shop.rows(AuditEntry, AuditEntry.action == "sellers.set_money_back")[-1]
    assert (entry.details["before"]["chargeback"], entry.details["after"]["chargeback"]) == ("at_once", "at_loss")
    no_choices = {"chargeback": "never"}, {"bad_debt_tax": "x"}, {"open_invoices": "x"}
    for wrong in (*no_choices, {"grace_hours": "721"}, {"grace_hours": "-1"}):
        assert counter.post("/admin/sellers/1/billing", **{**rules, **wrong}).status_code == 422
    assert counter.row(Seller, 1).money_back == policy
    refused = counter.post("/admin/sellers/1/billing", **{**rules, "draft_days": "900"})
    assert refused.status_code == 422
    assert 'value="900"' in refused.text, "what was typed stays"
    assert "must be from 0 to 365 days" in refused.text.replace("Must", "must")
    year = str(clock.today_in("Europe/Helsinki").year)
    series = {"kind": "invoice", "fiscal_year": year, "format": "{prefix}{year}/{number:04d}", "prefix": "NC-"}
    assert counter.post("/admin/sellers/1/numbers", **series).status_code == 303
    assert f"NC-{year}/0002" in counter.get("/admin/sellers/1/numbers").text
    wrong = counter.post("/admin/sellers/1/numbers", **{**series, "format": "{number}"})
    assert wrong.status_code == 422
    assert "each fiscal year begins with 1 again" in wrong.text
    late = counter.post("/admin/sellers/1/numbers", **series, next_number="500")
    assert "numbers of this series were given already" in late.text.replace("Numbers", "numbers")
    early = counter.post("/admin/sellers/1/numbers", **{**series, "fiscal_year": "2190"}, next_number="4711")
    assert early.status_code == 303
    assert "NC-2190/4711" in counter.get("/admin/sellers/1/numbers").text


def test_the_next_document_is_shown_to_staff_and_to_whom_it_is_for(counter):
    assert "Next document" in counter.get("/admin/subscriptions/1").text
    page = counter.get("/admin/subscriptions/1/next").text
    assert "an offer to renew comes" in page
    assert "€9.99" in page
    ada = counter.shop.visitor()
    ada.sign_in("ada@example.com")
    assert "an offer to renew comes" in ada.get("/account/subscriptions/1/next").text
    eve = counter.shop.customer("eve@example.com")
    assert eve.get("/account/subscriptions/1/next").status_code == 404


def test_what_a_payment_buys_is_shown_before_it_is_made(counter):
    ada = counter.shop.visitor()
    ada.sign_in("ada@example.com")
    counter.shop.order(ada)
    document = newest(counter)
    counter.shop.pay("failed")
    assert "Paid today, it runs from" in ada.get(f"/pay/{document.id}").text


def test_days_ahead_of_a_plan_and_one_invoice_a_day(counter):
    counter.confirm("/admin/catalogue/1/lead", days="5, year: 30")
    assert counter.row(Plan, 1).lead_days == {"": 5, "1 year": 30}
    assert "30 days for 1 year" in counter.get("/admin/catalogue/1").text
    for typed in ("soon", "-3", "fortnight: 3", "900"):
        assert counter.post("/admin/catalogue/1/lead", days=typed, reason="x").status_code == 422
    counter.confirm("/admin/customers/1/one-invoice")
    assert counter.row(Customer, 1).consolidate is True
    counter.confirm("/admin/customers/1/one-invoice")
    assert counter.row(Customer, 1).consolidate is False
