"""The customer's account as the ledger has it: what was billed, paid, given back, and what is owed after each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.orm import Session

from billhead.db import reading
from billhead.domain.ledger import AccountCode
from billhead.domain.money import Money
from billhead.domain.rights import BUYERS
from billhead.models.documents import Document
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.customer.blueprint import customer
from billhead.web.pages import page
from billhead.web.paging import page_in
from billhead.web.request_context import current_customer_id
from billhead.web.speaking import marked, say

__all__: list[str] = []

_COLUMNS = (
    marked("Date"), marked("What"), marked("Document"), marked("Currency"), marked("Amount"), marked("Credit"),
    marked("Owed then"), marked("Credit then"),
)  # fmt: skip
_WORDS = {
    "invoice": marked("Invoice"),
    "credit_note": marked("Credit note"),
    "payment": marked("Payment"),
    "credit_applied": marked("Paid by credit"),
    "credit_placed": marked("Given back as credit"),
    "refund_to_credit": marked("Given back as credit"),
    "released": marked("Moved to credit"),
    "refund": marked("Refund"),
    "refund_failed": marked("Refund that did not arrive"),
    "refund_reversed": marked("Refund that came back"),
    "chargeback": marked("Taken back by your bank"),
    "chargeback_won": marked("Returned by your bank"),
    "void": marked("Void"),
    "write_off": marked("Not collected any more"),
    "recovery": marked("Collected after all"),
    "credit_gifted": marked("Credit given"),
    "credit_taken": marked("Credit taken back"),
    "credit_expired": marked("Credit expired"),
    "credit_lent": marked("Credit before its payment"),
    "credit_lent_back": marked("Credit without its payment taken back"),
}
_OWED = (AccountCode.RECEIVABLE.value, AccountCode.CREDIT_LENT.value)
_CREDIT = (AccountCode.CREDIT_BOUGHT.value, AccountCode.CREDIT_GIFTED.value)


@dataclass(frozen=True, slots=True)
class Row:
    """Minor units: `owed` and `credit` are the changes, `owed_after` and `credit_after` what stands then."""

    on: date
    what: str
    document: Document | None
    owed: int
    credit: int
    owed_after: int
    credit_after: int


@customer.get("/statement")
@allow(*BUYERS, permission="own.invoices")
def statement() -> ResponseReturnValue:
    customer_id = current_customer_id()
    with reading() as session:
        me = session.get_one(Customer, customer_id)
        rows = list(_rows(session, customer_id, me.currency))
    if request.args.get("format") == "csv":
        return csv_response("statement", [say(head) for head in _COLUMNS], (_in_csv(row, me.currency) for row in rows))
    return page(
        "customer/statement.html",
        rows=page_in(rows),
        currency=me.currency,
        owed=rows[-1].owed_after if rows else 0,
        credit=rows[-1].credit_after if rows else 0,
    )


def _in_csv(row: Row, currency: str) -> tuple[object, ...]:
    amounts = (Money(minor, currency).decimal() for minor in (row.owed, row.credit, row.owed_after, row.credit_after))
    return row.on.isoformat(), say(row.what), row.document.number_text if row.document else "", currency, *amounts


def _rows(session: Session, customer_id: int, currency: str) -> Iterator[Row]:
    """One row an entry that moved this customer's debt or credit, oldest first."""
    signed = LedgerPosting.signed()
    owed = func.sum(case((LedgerAccount.code.in_(_OWED), signed), else_=0))
    credit = func.sum(case((LedgerAccount.code.in_(_CREDIT), -signed), else_=0))
    entries = session.execute(
        select(LedgerEntry.id, LedgerEntry.day, LedgerEntry.kind, cast(owed, BigInteger), cast(credit, BigInteger))
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerPosting.customer_id == customer_id, LedgerAccount.currency == currency)
        .group_by(LedgerEntry.id, LedgerEntry.day, LedgerEntry.kind)
        .order_by(LedgerEntry.id)
    ).all()
    mine = select(Document).where(Document.customer_id == customer_id, Document.entry_id.is_not(None))
    documents = {document.entry_id: document for document in session.scalars(mine)}
    owed_after = credit_after = 0
    for entry_id, day, kind, owes, credits in entries:
        owed_after, credit_after = owed_after + owes, credit_after + credits
        what = _WORDS.get(kind, kind.replace("_", " ").capitalize())
        yield Row(day, what, documents.get(entry_id), owes, credits, owed_after, credit_after)
