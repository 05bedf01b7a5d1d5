"""A price change that is taken back when some have been billed by it already: offers, drafts, invoices, words.

tv costs 10.00 a month before tax (20 %). From 1 December on existing customers were to pay 12.00.
"""

from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Event, Thread

import pytest
from april import on
from billing_shop import SYSTEM, open_shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.billing import run as running
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.catalogue._billed_at import billed_at
from billhead.actions.catalogue.reprice import RepriceWish, reprice
from billhead.actions.catalogue.tell_price_changes import tell_price_changes
from billhead.actions.catalogue.withdraw_reprice import withdraw_reprice
from billhead.actions.documents.add_line import FreeLine, add_line
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.documents.hold_draft import hold_draft
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.rehearse import rehearse
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import reading, writing
from billhead.domain.errors import NoticeRejected
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Notice
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

DEC, JAN, FEB = date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)
TOLD, OPENS, BILLED = date(2026, 11, 17), date(2026, 11, 21), date(2026, 11, 25)
STAFF = replace(SYSTEM, reason="a slip")


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


@pytest.fixture
def two_processes(postgresql_url, tmp_path):
    with clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)), open_shop(postgresql_url, tmp_path) as shop:
        yield shop


def act(verb, *args, **more):
    with writing(STAFF) as tx:
        return verb(tx, *args, **more)


def sold(shop, **more):
    plan = shop.plan("tv", 1000, lead_days={"": 10}, **more)
    return plan


def dearer(shop, **more):
    """By 2.00 from 1 December; who pays it has been told on 17 November."""
    done = act(reprice, RepriceWish(shop.seller_id, DEC, add_minor=200, tell_days=14, **more))
    on(TOLD)
    tell()
    on(BILLED)
    return done.reprice_id


def tell():
    while act(tell_price_changes).more:
        pass


def papers(shop, kind="invoice"):
    return [(row.state, row.net_minor) for row in shop.all(Document, Document.kind == kind)]


def mails(shop, kind="price_stays"):
    found = []
    with reading() as session:
        for notice in session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)):
            try:
                found.append(render(kind, gather(session, notice)).text)
            except NoticeRejected as never:
                found.append(f"not sent: {never.message}")
    return found


def sound():
    assert verify_billing().faults == []
    with reading() as session:
        assert verify_ledger(session).faults == []


def test_what_is_billed_stays_and_is_counted_and_nobody_is_told_that_it_does_not_come(shop):
    plan = sold(shop)
    billed = shop.subscribe(shop.customer(), plan, due=DEC, next_bill_on=OPENS)
    later = shop.subscribe(
        shop.customer(), plan, due=date(2026, 12, 20), anchor=date(2026, 11, 20), next_bill_on=date(2026, 12, 10)
    )
    key = dearer(shop)
    shop.run(BILLED)
    assert papers(shop) == [("final", 1200)]
    would = rehearse(STAFF, lambda tx: withdraw_reprice(tx, key))
    done = act(withdraw_reprice, key)
    assert done == would
    # 12.00 and 20 % tax are 14.40 instead of 12.00
    assert (done.offers, done.drafts) == (0, 0)
    assert (done.stays.customers, done.stays.documents, done.stays.more_minor) == (1, 1, {"EUR": 240})
    tell()
    told = mails(shop)
    ((mine,), (theirs,)) = ([text for text in told if ("It will not come" in text) is want] for want in (False, True))
    assert "your time from 1 December 2026 on is billed at €12.00 for 1 month already" in mine
    assert "From 1 January 2027 on you pay €10.00 for 1 month." in mine
    assert theirs
    for day in (BILLED, date(2026, 12, 10), date(2026, 12, 22)):
        on(day)
        shop.run(day)
    assert [line[3] for line in shop.lines(billed)] == [1200, 1000]
    assert [line[3] for line in shop.lines(later)] == [1000]
    sound()


def test_days_that_come_back_are_a_share_of_what_was_charged(shop):
    """12.00 for December; who ends on the 16th has 16 of 31 days back: 6.19, and not 5.16."""
    tv = shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    key = dearer(shop)
    shop.run(BILLED)
    act(withdraw_reprice, key)
    on(date(2026, 12, 16))
    act(cancel, tv, "immediate", money="credit")
    assert [row.net_minor for row in shop.all(Document, Document.kind == "credit_note")] == [619]
    with reading() as session:  # and a share of the difference is what is left of that: 14.40 − 7.43 = 6.97, a sixth
        assert [one.more_minor for one in billed_at(session, key)] == [116]
    sound()


def test_what_staff_credit_is_not_counted_any_more(shop):
    billed = shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    key = dearer(shop)
    shop.run(BILLED)
    act(withdraw_reprice, key)
    with reading() as session:
        (one,) = billed_at(session, key)
    assert (one.subscription_id, one.billed_minor, one.more_minor, one.final) == (billed, 1440, 240, True)
    (line,) = shop.all(DocumentLine)
    act(issue_credit_note, one.document_id, [Correction(line.id, amount_minor=240)], reason="the old price")
    with reading() as session:
        assert [one.more_minor for one in billed_at(session, key)] == [0]
    sound()


def test_a_draft_is_taken_back_and_billed_once_at_the_old_price(shop):
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    tv = shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    key = dearer(shop)
    shop.run(BILLED)
    assert papers(shop) == [("draft", 1200)]
    done = act(withdraw_reprice, key)
    assert (done.drafts, done.stays.documents) == (1, 0)
    tell()
    assert ["It will not come" in text for text in mails(shop)] == [True]
    for _ in range(2):
        shop.run(BILLED)
    assert papers(shop) == [("void", 1200), ("draft", 1000)]
    (draft,) = shop.all(Document, Document.state == "draft")
    assert draft.held_because == "review"
    act(finalise_draft, draft.id)
    shop.run(DEC)
    assert papers(shop) == [("void", 1200), ("final", 1000)]
    assert shop.get(Subscription, tv).billed_through == JAN
    sound()


def test_a_draft_that_staff_hold_stays_held_and_keeps_what_they_have_added(shop):
    shop.change(Seller, shop.seller_id, draft_days=5)
    tv = shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    key = dearer(shop)
    shop.run(BILLED)
    (draft,) = shop.all(Document, Document.state == "draft")
    act(add_line, draft.id, FreeLine("A visit", 500))
    act(hold_draft, draft.id, "ask Anna first")
    assert act(withdraw_reprice, key).drafts == 1
    shop.run(BILLED)
    drafts = shop.all(Document, Document.state == "draft")
    assert [(one.net_minor, one.held_because, one.finalise_on) for one in drafts] == [
        (500, "ask Anna first", None),
        (1000, "ask Anna first", None),
    ]
    assert [one.net_minor for one in shop.all(Document, Document.state == "void")] == [1200]
    assert shop.get(Subscription, tv).billed_through == JAN
    for one in drafts:
        act(finalise_draft, one.id)
    sound()


def test_a_draft_that_can_not_be_void_stays_and_is_told_as_billed(shop):
    """Staff have made the next month final already: the one before it can't be given back alone."""
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    tv = shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    key = dearer(shop)
    shop.run(BILLED)
    shop.run(date(2026, 12, 23))
    _, second = shop.all(Document, Document.state == "draft")
    act(finalise_draft, second.id)
    done = act(withdraw_reprice, key)
    assert (done.drafts, done.stays.customers, done.stays.documents, done.stays.more_minor) == (0, 1, 2, {"EUR": 480})
    tell()
    (text,) = mails(shop)
    assert "From 1 February 2027 on you pay €10.00" in text
    shop.run(date(2027, 1, 25))
    assert shop.get(Subscription, tv).billed_through == date(2027, 3, 1)
    assert [line[3] for line in shop.lines(tv)] == [1200, 1200, 1000]


def test_two_drafts_in_a_row_are_taken_back_the_later_one_first(shop):
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    tv = shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    key = dearer(shop)
    shop.run(BILLED)
    shop.run(date(2026, 12, 23))
    assert papers(shop) == [("draft", 1200), ("draft", 1200)]
    assert act(withdraw_reprice, key).drafts == 2
    shop.run(BILLED)
    shop.run(date(2026, 12, 23))
    assert papers(shop) == [("void", 1200), ("void", 1200), ("draft", 1000), ("draft", 1000)]
    assert shop.get(Subscription, tv).billed_through == FEB
    sound()


def test_paid_ahead_by_hand_it_stays_and_an_open_one_is_offered_anew(shop):
    plan = sold(shop)
    people = [shop.customer(card=False) for _ in range(2)]
    ahead, _ = (shop.subscribe(one, plan, due=DEC, collection="manual", next_bill_on=OPENS) for one in people)
    key = dearer(shop)
    shop.run(BILLED)
    offers = shop.all(Document, Document.kind == "proforma")
    assert [one.net_minor for one in offers] == [1200, 1200]
    act(settle_proforma, offers[0].id)
    done = act(withdraw_reprice, key)
    assert (done.offers, done.stays.customers, done.stays.more_minor) == (1, 1, {"EUR": 240})
    tell()
    assert [("It will not come" in text, "is billed at €12.00" in text) for text in sorted(mails(shop))] in (
        [(True, False), (False, True)],
        [(False, True), (True, False)],
    )
    shop.run(BILLED)
    assert papers(shop, "proforma") == [("settled", 1200), ("void", 1200), ("open", 1000)]
    on(date(2026, 12, 22))
    shop.run(date(2026, 12, 22))
    assert papers(shop, "proforma")[-1] == ("open", 1000)
    assert shop.get(Subscription, ahead).billed_through == JAN


def test_who_ends_with_the_time_that_is_billed_is_promised_no_price(shop):
    tv = shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    key = dearer(shop)
    shop.run(BILLED)
    act(cancel, tv, "end_of_term")
    act(withdraw_reprice, key)
    tell()
    (text,) = mails(shop)
    assert "is billed at €12.00" in text
    assert "you pay" not in text


def test_taken_back_while_a_run_goes_on_nothing_is_written_at_the_new_price(shop, monkeypatch):
    """The run has read the prices, has rated its batch, and writes it when the change has just been taken back."""
    tv = shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    shop.subscribe(shop.customer(card=False), (shop.get(Subscription, tv).plan_id, 1), due=DEC,
                          collection="manual", next_bill_on=OPENS)  # fmt: skip
    key = dearer(shop)
    rate, withdrawn = running.rate, []

    def meanwhile(chunk, rater):
        answer = rate(chunk, rater)
        if not withdrawn:
            withdrawn.append(act(withdraw_reprice, key))
        return answer

    monkeypatch.setattr(running, "rate", meanwhile)
    shop.run(BILLED)
    assert withdrawn[0].stays.documents == 0
    assert papers(shop) == [("final", 1000)]
    assert papers(shop, "proforma") == [("open", 1000)]
    sound()


def test_whoever_takes_prices_back_waits_for_what_is_being_written_by_them_and_takes_that_back_too(two_processes):
    """Two processes: a batch with a draft of 12.00 is written, and not committed, when the change is withdrawn."""
    shop = two_processes
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    shop.subscribe(shop.customer(), sold(shop), due=DEC, next_bill_on=OPENS)
    key = dearer(shop)
    begun, seen = Event(), []

    def withdrawn():
        with shop.app.app_context():
            begun.set()
            seen.append(act(withdraw_reprice, key))

    other = Thread(target=withdrawn)
    write = running.write_documents

    def slowly(tx, *args, **more):
        written = write(tx, *args, **more)
        if not begun.is_set():
            other.start()
            begun.wait()
            other.join(1)
            assert not seen, "it has to wait"
        return written

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "write_documents", slowly)
        shop.run(BILLED)
    other.join()
    assert (seen[0].drafts, seen[0].stays.documents) == (1, 0)
    shop.run(BILLED)
    assert papers(shop) == [("void", 1200), ("draft", 1000)]
