"""A month of 31 days that costs as much as one of 30, in parts of which staff change one: the others cost as before."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.rebill import rebill
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.change_line import change_line
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.keep import keep
from billhead.db import reading, writing
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller

OCT, ELEVENTH, NOV = date(2026, 10, 1), date(2026, 10, 11), date(2026, 11, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with clock.business_time(datetime(2026, 10, 1, 12, tzinfo=UTC)), open_shop(database_url, tmp_path) as shop:
        yield shop


def do(verb, *args, **named):
    with writing(replace(SYSTEM, reason="as agreed")) as tx:
        return verb(tx, *args, **named)


def test_october_is_kept_after_all_and_its_first_days_made_cheaper(shop):
    """30.00 wait for review; on a cancellation to the 11th 10.00 stay of them. It is kept: 20.00 for the rest, and
    staff make 5.00 of the 10.00."""
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    subscription = shop.subscribe(shop.customer(), shop.plan("tv", 3000, proration="fixed_30"), due=OCT)
    shop.run(OCT)
    do(cancel, subscription, "on_date", on=ELEVENTH, money="credit")
    do(keep, subscription)
    first, rest = shop.all(DocumentLine)
    assert [(one.period_start, one.period_end, one.net_minor) for one in (first, rest)] == [
        (OCT, ELEVENTH, 1000), (ELEVENTH, NOV, 2000),
    ]  # fmt: skip
    do(change_line, first.id, first.description, 1, 500)
    do(finalise_draft, first.document_id)
    assert do(rebill, subscription).document_id is None
    assert verify_billing().faults == []
    with reading() as session:
        assert verify_ledger(session).faults == []


def test_what_staff_charge_for_what_costs_nothing_is_theirs_to_say(shop):
    """October's add-on is free and waits for review beside the plan: staff make it 5.00, and nobody has paid them when
    the time of both is over. Free alone it would wait for nobody."""
    shop.change(Seller, shop.seller_id, hold_for_review=True)
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), shop.plan("kids", 0), due=OCT)
    shop.run(OCT)
    _, line = shop.all(DocumentLine)
    do(change_line, line.id, line.description, 1, 500)
    assert shop.get(Document, line.document_id).net_minor == 1500
    clock.move_business_clock(datetime(2026, 11, 2, 12, tzinfo=UTC))
    assert verify_billing().faults == []
