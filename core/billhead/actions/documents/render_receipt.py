"""A receipt for a payment as PDF: how much came, when, how, and what it paid."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.content._own_words import own_words
from billhead.actions.documents._look import look_of
from billhead.actions.documents._paper import frame, party, title_of
from billhead.actions.documents._shown import PartyShown, customer_party, issuer_party
from billhead.actions.documents._typeset import typeset
from billhead.models.documents import Allocation, Document
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.wording import Wording, wording

__all__ = ["render_receipt"]


def render_receipt(session: Session, payment: Payment, *, language: str = "") -> bytes:
    """The payment as it was received, with what has been refunded of it since."""
    customer = session.get_one(Customer, payment.customer_id)
    seller = session.get_one(Seller, customer.seller_id)
    words = wording(language or customer.language)
    words = words.knowing(own_words(session, seller, words.language))
    look = look_of(session, seller.id)
    issuer, buyer = issuer_party(session, None, seller), customer_party(session, None, customer)
    data = _page(session, payment, seller, issuer, buyer, words, look.accent)
    return typeset("document", data, look.logo, archivable=False)


def _page(
    session: Session,
    payment: Payment,
    seller: Seller,
    issuer: PartyShown,
    buyer: PartyShown,
    words: Wording,
    accent: str,
) -> dict[str, Any]:
    account = session.get_one(GatewayAccount, payment.account_id)
    on = words.day(payment.received_at.astimezone(ZoneInfo(seller.zone)).date())
    paid = words.money(payment.amount_minor, payment.currency)
    sums = [{"label": words.say("Received"), "amount": paid, "weight": "total"}]
    if payment.refunded_minor:
        back = words.money(-payment.refunded_minor, payment.currency)
        sums.append({"label": words.say("Given back"), "amount": back, "weight": ""})
    facts = [
        (words.say("Number"), str(payment.id)),
        (words.say("Date"), on),
        (words.say("Paid with"), words.own(account.name)),
        (words.say("Reference"), payment.provider_ref),
    ]
    columns = [("Description", False), ("Date", True), ("Amount", True)]
    return {
        **frame(issuer, words, words.say("Receipt"), str(payment.id), accent),
        "buyer": party(buyer, words, buyer=True),
        "buyer_label": words.say("Received from"),
        "facts": facts,
        "headline": {"amount": paid, "text": words.say("received on %(day)s", day=on)},
        "amounts_in": words.say("Amounts in %(currency)s", currency=payment.currency),
        "columns": [{"label": words.say(label), "number": number} for label, number in columns],
        "rows": _rows(session, payment, words),
        "sums": sums,
        "tax_head": [],
        "taxes": [],
        "payments_label": "",
        "payments": [],
        "pay": None,
        "notes": [words.say("This payment was charged back.")] if payment.state == "charged_back" else [],
    }


def _rows(session: Session, payment: Payment, words: Wording) -> list[dict[str, Any]]:
    """What it paid, document by document, and what was left as credit."""
    paid = session.execute(
        select(Document, func.sum(Allocation.amount_minor))
        .join(Allocation, Allocation.document_id == Document.id)
        .where(Allocation.payment_id == payment.id)
        .group_by(Document.id)
        .order_by(Document.id)
    ).all()
    rows = []
    left = payment.amount_minor - payment.refunded_minor
    for document, minor in paid:
        left -= int(minor)
        name = f"{title_of(document.kind, words)} {document.number_text}"
        day = words.day(document.issued_on) if document.issued_on else ""
        rows.append({"what": name, "period": "", "cells": [day, words.number(int(minor), payment.currency)]})
    if left > 0:
        kept = words.say("Credit on your account")
        rows.append({"what": kept, "period": "", "cells": ["", words.number(left, payment.currency)]})
    return rows
