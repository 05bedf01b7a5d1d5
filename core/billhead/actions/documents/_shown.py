"""What a document says, read once, for paper and e-invoices alike: no words, no formats, amounts in minor units.

All of it is as it was when the document was issued, but for what has been paid on it since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.documents._line_taxes import line_taxes
from billhead.actions.documents.taxes_of import TaxSum, taxes_of
from billhead.domain.document import OWED, Kind, ProformaState
from billhead.domain.money import Rounding, round_ratio
from billhead.domain.tax import MILLION
from billhead.models.catalogue import Price, PriceBook
from billhead.models.documents import Allocation, Document, DocumentLine, Party
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.people import Customer
from billhead.models.sellers import Seller

__all__ = [
    "PartyShown",
    "Shown",
    "ShownLine",
    "ShownPayment",
    "ShownTax",
    "customer_party",
    "issuer_party",
    "read_shown",
    "reason_of",
]


@dataclass(frozen=True, slots=True)
class PartyShown:
    """`more` is what an issuer says about its bank and register, or a buyer about its reference and endpoint."""

    name: str
    company: str
    email: str
    country: str
    region: str
    street: str
    postcode: str
    city: str
    vat_id: str
    language: str
    more: Mapping[str, str]

    @property
    def addressed(self) -> str:
        """Whom a document is made out to: the company where there is one."""
        return self.company or self.name


class ShownTax(NamedTuple):
    """`code` is place and reason, "DE:standard"."""

    code: str
    ppm: int
    minor: int


@dataclass(frozen=True, slots=True)
class ShownLine:
    """`discount_minor` is without tax, as `net_minor` is, from which it is taken off already.

    `last` is the last day of the period.
    """

    position: int
    kind: str
    description: str
    term: str
    start: date | None
    end: date | None
    quantity: int
    discount_minor: int
    discount_code: str
    net_minor: int
    tax_minor: int
    taxes: tuple[ShownTax, ...]
    tax_code: str = ""  # what a line without taxes has; `taxes` tells the others

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.tax_minor


class ShownPayment(NamedTuple):
    """`how`: the account that it came through, or "" for the customer's credit; `credit_note`: its number."""

    on: date
    minor: int
    how: str
    credit_note: str


@dataclass(frozen=True, slots=True)
class Shown:
    """`owed_minor` is what is still to pay, 0 for what nobody pays. `base`: currency, rate and tax there, or None."""

    document_id: int
    kind: str
    state: str
    number: str
    issued_on: date
    due_on: date | None
    currency: str
    issuer: PartyShown
    buyer: PartyShown
    lines: tuple[ShownLine, ...]
    taxes: tuple[TaxSum, ...]
    net_minor: int
    tax_minor: int
    total_minor: int
    settled_minor: int
    owed_minor: int
    payments: tuple[ShownPayment, ...]
    corrects: tuple[str, date | None] | None
    notes: tuple[str, ...]
    base: tuple[str, str] | None

    @property
    def stands(self) -> bool:
        """Issued and not taken back: neither draft nor void nor merged into another."""
        return self.state not in ("draft", "void", "merged")


def read_shown(session: Session, document: Document) -> Shown:
    rows = session.execute(
        select(DocumentLine, PriceBook.tax_inclusive)
        .outerjoin(Price, Price.id == DocumentLine.price_id)
        .outerjoin(PriceBook, PriceBook.id == Price.book_id)
        .where(DocumentLine.document_id == document.id)
        .order_by(DocumentLine.position)
    )
    lines = tuple(_line(line, document.tax_inclusive if has_tax is None else has_tax) for line, has_tax in rows)
    seller = session.get_one(Seller, document.seller_id)
    corrected = session.get(Document, document.corrects_id) if document.corrects_id else None
    foreign = document.base_currency and document.base_currency != document.currency and document.fx_rate
    return Shown(
        document_id=document.id,
        kind=document.kind,
        state=document.state,
        number=document.number_text or str(document.id),
        issued_on=document.issued_on or document.created_at.astimezone(ZoneInfo(seller.zone)).date(),
        due_on=document.due_on if document.kind != Kind.CREDIT_NOTE else None,
        currency=document.currency,
        issuer=issuer_party(session, document.issuer_id, seller),
        buyer=customer_party(session, document.buyer_id, session.get_one(Customer, document.customer_id)),
        lines=lines,
        taxes=tuple(taxes_of(lines)),
        net_minor=document.net_minor,
        tax_minor=document.tax_minor,
        total_minor=document.total_minor,
        settled_minor=document.settled_minor,
        owed_minor=_owed(document),
        payments=tuple(_payments(session, document, seller.zone)),
        corrects=(corrected.number_text, corrected.issued_on) if corrected else None,
        notes=tuple(document.notes or ()),
        base=(document.base_currency, str(document.fx_rate)) if foreign else None,
    )


def reason_of(code: str) -> str:
    """ "DE:oss_conflicting_evidence" → "oss": why a tax is as it is."""
    return code.partition(":")[2].removesuffix("_conflicting_evidence")


def _owed(document: Document) -> int:
    if document.kind == Kind.PROFORMA:
        return document.total_minor if document.state == ProformaState.OPEN else 0
    is_owed = document.kind == Kind.INVOICE and document.state in OWED
    return document.total_minor - document.settled_minor if is_owed else 0


def _line(line: DocumentLine, inclusive: bool) -> ShownLine:
    return ShownLine(
        position=line.position,
        kind=line.kind,
        description=line.description,
        term=line.term,
        start=line.period_start,
        end=line.period_end,
        quantity=line.quantity,
        discount_minor=_net_discount(line) if inclusive else line.discount_minor,
        discount_code=line.discount_code,
        net_minor=line.net_minor,
        tax_minor=line.tax_minor,
        taxes=tuple(ShownTax(*tax) for tax in line_taxes(line)),
    )


def _net_discount(line: DocumentLine) -> int:
    """A discount off a price with tax holds the same share of tax as what is left of the price."""
    gross = line.net_minor + line.tax_minor
    share = Fraction(line.net_minor, gross) if gross else Fraction(MILLION, MILLION + line.tax_rate_ppm)
    net = line.discount_minor * share
    return round_ratio(net.numerator, net.denominator, Rounding.HALF_UP)


def _payments(session: Session, document: Document, zone: str) -> list[ShownPayment]:
    """One per payment, credit or credit note, in the order in which they came; several lines share one."""
    rows = session.execute(
        select(Allocation, Payment.received_at, GatewayAccount.name, Document.number_text)
        .outerjoin(Payment, Payment.id == Allocation.payment_id)
        .outerjoin(GatewayAccount, GatewayAccount.id == Payment.account_id)
        .outerjoin(Document, Document.id == Allocation.credit_note_id)
        .where(Allocation.document_id == document.id)
        .order_by(Allocation.id)
    )
    sums: dict[tuple[date, str, str, int | None], int] = {}
    for row, received_at, account, note in rows:
        on = received_at.astimezone(ZoneInfo(zone)).date() if row.payment_id else row.day
        key = (on, account or "", note or "", row.payment_id)
        sums[key] = sums.get(key, 0) + row.amount_minor
    return [ShownPayment(on, minor, how, note) for (on, how, note, _), minor in sums.items() if minor]


def issuer_party(session: Session, frozen_id: int | None, seller: Seller) -> PartyShown:
    """The seller as a document froze it, or as it is now."""
    if frozen_id is not None:
        return _party(session.get_one(Party, frozen_id).data)
    return _party({"name": seller.legal_name, "company": seller.name, "country": seller.country,
                   "vat_id": seller.vat_id, "address": seller.address, "email": seller.mail_from,
                   "invoicing": seller.invoicing})  # fmt: skip


def customer_party(session: Session, frozen_id: int | None, one: Customer) -> PartyShown:
    """The customer as a document froze them, or as they are now."""
    if frozen_id is not None:
        return _party({"language": one.language, **session.get_one(Party, frozen_id).data})
    return _party({"name": one.name, "company": one.company, "country": one.country, "vat_id": one.vat_id,
                   "address": one.address, "email": one.email, "region": one.region, "language": one.language,
                   "invoicing": one.invoicing})  # fmt: skip


def _party(data: Mapping[str, Any]) -> PartyShown:
    address: Any = data.get("address") or {}
    text = {name: str(data.get(name) or "") for name in ("name", "company", "email", "country", "region", "vat_id")}
    place = {name: str(address.get(name) or "") for name in ("street", "postcode", "city")}
    more = {str(name): str(value) for name, value in (data.get("invoicing") or {}).items() if value}
    return PartyShown(**text, **place, language=str(data.get("language") or ""), more=more)
