"""Documents: the list, one with its lines and what paid it, and booking a bank transfer on it."""

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import Session

from billhead.actions.documents._formats import FORMATS
from billhead.actions.documents._subscriptions import about
from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.documents.write_einvoice import write_einvoice
from billhead.actions.payments.book_transfer import Booked, book_transfer
from billhead.actions.shops._sells import is_the_operators
from billhead.db import Tx, reading
from billhead.domain.document import OWED, Kind, ProformaState, State, is_payable
from billhead.domain.dunning import TELLS
from billhead.domain.typed_day import typed_day
from billhead.models.documents import Allocation, Document, DocumentLine, Party
from billhead.models.dunning import DunningStep
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.booking import booked_by_hand
from billhead.web.admin.columns import Column, amount, on, state, text, word
from billhead.web.admin.listing import Choice, Listing, Typed
from billhead.web.admin.order_names import order_number
from billhead.web.downloads import einvoice_response, pdf_response
from billhead.web.formatting import paper_name
from billhead.web.pages import page
from billhead.web.speaking import marked

__all__ = ["DOCUMENTS", "payable"]


def _matching(typed: str) -> ColumnElement[bool]:
    named = Document.number_text == typed.upper(), Customer.name.icontains(typed, autoescape=True)
    number = order_number(typed)
    order = [and_(Document.id == number, Document.number_text == "")] if number is not None else []
    return or_(*named, Customer.email == typed.lower(), *order)


def _overdue(typed: str) -> ColumnElement[bool] | None:
    day = typed_day(typed)
    return and_(Document.owed(), Document.due_on < day) if day is not None else None


def _link(row: Any) -> Markup:
    name = paper_name(row)
    return Markup('<a href="{}">{}</a>').format(url_for("admin.document", key=row.id), name)


DOCUMENTS = Listing(
    name="documents",
    title=marked("Documents"),
    query=select(
        Document.id,
        Document.number_text,
        Document.kind,
        Document.state,
        Document.customer_id,
        Customer.name.label("customer"),
        Document.issued_on,
        Document.due_on,
        Document.currency,
        Document.total_minor,
        (Document.total_minor - Document.settled_minor).label("open_minor"),
    ).join(Customer, Customer.id == Document.customer_id),
    key=Document.id,
    columns=(
        Column(marked("Document"), lambda row: row.number_text or row.id, _link),
        word(marked("Kind"), "kind"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        state(marked("State"), "state"),
        on(marked("Issued"), "issued_on"),
        on(marked("Due"), "due_on"),
        amount(marked("Total"), "total_minor"),
        amount(marked("Open"), "open_minor"),
    ),
    choices=(
        Choice("kind", marked("Kind"), Document.kind, [kind.value for kind in Kind]),
        Choice(
            "state",
            marked("State"),
            Document.state,
            (
                ("owed", [*(s.value for s in OWED), ProformaState.OPEN.value]),
                *("open", "settled", "expired", "draft", "final", "partly_paid", "paid", "void", "written_off"),
            ),
        ),
        Choice(
            "shop",
            marked("Of a reseller’s shop"),
            case((is_the_operators(Document.seller_id), "no"), else_="yes"),
            ("yes", "no"),
        ),
    ),
    typed=(Typed("overdue_on", marked("Overdue on"), _overdue, kind="date"),),
    search=_matching,
    search_label=marked("Document or order number, customer's name or e-mail"),
    narrow={"customer": Document.customer_id, "subscription": about, "run": Document.run_id},
    empty=marked("An order makes a proforma, a payment or the billing run an invoice."),
)


@admin.get("/documents")
@allow("staff")
def documents() -> ResponseReturnValue:
    return DOCUMENTS.answer()


@admin.get("/documents/<int:key>")
@allow("staff")
def document(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
        shown = _parts(session, row)
    formats = FORMATS if row.kind != Kind.PROFORMA and row.state not in ("draft", "void") else {}
    return page("admin/document.html", document=row, payable=payable(row), formats=formats, **shown)


@admin.get("/documents/<int:key>.pdf")
@allow("staff")
def document_pdf(key: int) -> Response:
    with reading() as session:
        row = found(session, Document, key, "document")
        pdf = render_pdf(session, row, language=request.args.get("language", ""))
    return pdf_response(pdf, row.number_text or f"{row.kind}-{row.id}", inline=True)


@admin.get("/documents/<int:key>/e-invoice/<format>")
@allow("staff")
def document_einvoice(key: int, format: str) -> Response:
    with reading() as session:
        row = found(session, Document, key, "document")
        made = write_einvoice(session, row, format)
    return einvoice_response(made, row)


def payable(row: Document) -> bool:
    return is_payable(row.kind, row.state) and row.total_minor > row.settled_minor


def _says_something(step: DunningStep) -> bool:
    """What was taken away stands there by subscription; that the stage was reached says no more, but for its fee."""
    told = step.action in TELLS or step.subscription_id is not None
    return told or step.fee_document_id is not None or step.result != "done"


def _parts(session: Session, row: Document) -> dict[str, Any]:
    lines = session.scalars(
        select(DocumentLine).where(DocumentLine.document_id == row.id).order_by(DocumentLine.position)
    ).all()
    allocations = session.execute(
        select(Allocation, Payment.provider_ref, GatewayAccount.name.label("account"))
        .outerjoin(Payment, Payment.id == Allocation.payment_id)
        .outerjoin(GatewayAccount, GatewayAccount.id == Payment.account_id)
        .where(Allocation.document_id == row.id)
        .order_by(Allocation.id)
    ).all()
    attempts = session.execute(
        select(PaymentAttempt, GatewayAccount.name.label("account"))
        .join(GatewayAccount, GatewayAccount.id == PaymentAttempt.account_id)
        .where(PaymentAttempt.document_id == row.id)
        .order_by(PaymentAttempt.id.desc())
    ).all()
    related = session.scalars(
        select(Document)
        .where(or_(Document.proforma_id == row.id, Document.corrects_id == row.id, Document.id == row.proforma_id))
        .order_by(Document.id)
    ).all()
    steps = session.scalars(
        select(DunningStep)
        .where(or_(DunningStep.document_id == row.id, DunningStep.fee_document_id == row.id))
        .order_by(DunningStep.id)
    ).all()
    trail = trail_of(session, f"document:{row.id}")
    people = select(Customer, Party).outerjoin(Party, Party.id == row.buyer_id).where(Customer.id == row.customer_id)
    customer, buyer = session.execute(people).one()
    return {
        "customer": customer,
        "buyer": buyer,
        "lines": lines,
        "subscriptions": sorted({line.subscription_id for line in lines if line.subscription_id is not None}),
        "allocations": allocations,
        "attempts": attempts,
        "related": related,
        "trail": trail,
        "steps": [step for step in steps if step.document_id == row.id and _says_something(step)],
        "late_fee": any(step.fee_document_id == row.id and step.fee_waived_on is None for step in steps)
        and row.state == State.FINAL,
    }


@admin.route("/documents/<int:key>/transfer", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def book_document_transfer(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")

    def book(tx: Tx, account_id: int, amount_minor: int, reference: str) -> Booked:
        return book_transfer(tx, key, account_id, amount_minor, row.currency, reference)

    return booked_by_hand(row, url_for("admin.document", key=key), book)
