"""Pitfall 24. VIES fails while a firm orders: the order goes on, taxed or held by policy; asked again, all logged."""

from datetime import date

import pytest
from billing_shop import SYSTEM
from vat_shop import open_vat_shop

from billhead.actions.accounts.check_vat_id import check_vat_id
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.payments._attempts import payable
from billhead.db import writing
from billhead.domain.errors import OnHold
from billhead.jobs import tasks  # noqa: F401 registers the kinds
from billhead.jobs.kinds import KINDS, TryLater
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.models.people import Customer
from billhead.models.tax import TaxIdCheck

ACME = "DE136695976"
DEC = date(2026, 12, 1)
WAITING = f"The VAT id {ACME} has not been confirmed yet; we ask again by ourselves."


@pytest.fixture
def vat(database_url, tmp_path):
    with open_vat_shop(database_url, tmp_path, known={ACME: "Acme GmbH"}) as shop:
        yield shop


def acme(vat):
    return vat.shop.customer(country="DE", company="Acme", vat_id=ACME, vat_id_state="pending")


def asked_by_the_job(customer):
    KINDS["accounts.check_vat_id"].run(SYSTEM, {"customer_id": customer})


def test_pitfall_24_vat_service_down_and_tax_is_charged(vat):
    vat.vies.mood = "MS_UNAVAILABLE"
    customer = acme(vat)
    assert check_vat_id(SYSTEM, customer).state == "pending"  # what the checkout does first
    paid, waits = vat.order(customer, vat.shop.plan("tv", 1000)), vat.order(customer, vat.shop.plan("more", 500))
    with writing(SYSTEM) as tx:
        assert payable(tx, paid)[1].minor == 1190
        invoice = settle_proforma(tx, paid)
    with pytest.raises(TryLater):
        asked_by_the_job(customer)
    vat.vies.mood = ""
    asked_by_the_job(customer)
    # the order that waits is owed without tax now; the invoice is final, and corrected by a credit note if at all
    assert vat.shop.get(Document, waits).total_minor == 500
    assert vat.shop.get(Document, invoice).tax_minor == 190
    assert vat.shop.get(Customer, customer).vat_id_state == "valid"
    assert [row.outcome for row in vat.shop.all(TaxIdCheck)] == ["unavailable", "unavailable", "valid"]
    logged = {row.action for row in vat.shop.all(AuditEntry)}
    assert {"accounts.check_vat_id", "documents.retax"} <= logged


def test_pitfall_24_vat_service_down_and_the_order_is_held(vat):
    vat.settings(unchecked_vat_id="hold")
    vat.vies.mood = "html"
    customer = acme(vat)
    check_vat_id(SYSTEM, customer)
    order = vat.order(customer, vat.shop.plan("tv", 1000))  # it goes on
    assert vat.shop.get(Document, order).held_because == WAITING
    with writing(SYSTEM) as tx, pytest.raises(OnHold, match="we ask again by ourselves"):
        payable(tx, order)
    vat.vies.mood = ""
    asked_by_the_job(customer)
    with writing(SYSTEM) as tx:
        assert payable(tx, order)[1].minor == 1000


def test_pitfall_24_vat_service_down_and_the_runs_invoice_is_a_draft(vat):
    vat.settings(unchecked_vat_id="hold")
    vat.vies.mood = "500"
    customer = acme(vat)
    check_vat_id(SYSTEM, customer)
    vat.shop.subscribe(customer, vat.shop.plan("tv", 1000), due=DEC)
    report = vat.shop.run(DEC)
    assert report.failed == 0
    (draft,) = vat.shop.all(Document)
    assert (draft.state, draft.number, draft.entry_id, draft.held_because) == ("draft", None, None, WAITING)
    vat.vies.mood = ""
    vat.vies.known.clear()  # no such firm after all: a consumer
    asked_by_the_job(customer)
    (draft,) = vat.shop.all(Document)
    assert (draft.state, draft.tax_minor, draft.held_because) == ("draft", 190, "grace")
    assert draft.finalise_on is not None


def test_pitfall_24_vat_service_down_is_never_taken_for_a_no(vat):
    customer = acme(vat)
    check_vat_id(SYSTEM, customer)
    for mood in ("MS_UNAVAILABLE", "html", "500", "nonsense", "drop"):
        vat.vies.mood = mood
        assert check_vat_id(SYSTEM, customer).state == "valid"
