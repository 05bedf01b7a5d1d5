"""Pay a document with the customer's credit because they say so: an order or renewal too, which credit never pays by
itself."""

from dataclasses import dataclass

from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.credits._charged_back import charged_back_debt, lent_debt
from billhead.actions.credits._draw import draw_credit
from billhead.actions.credits._top_up import is_top_up
from billhead.actions.payments._attempts import payable
from billhead.actions.subscriptions._offers import locked_to_pay
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.document import Kind
from billhead.domain.errors import Conflict
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.people import Customer

__all__ = ["PaidWithCredit", "pay_with_credit"]


@dataclass(frozen=True, slots=True)
class PaidWithCredit:
    """`document_id` is the invoice: an order's or renewal's is issued now."""

    document_id: int
    paid_minor: int


@verb("credits.pay")
def pay_with_credit(tx: Tx, document_id: int) -> PaidWithCredit:
    """Customers may, for their own documents. An order or a renewal takes its whole amount; an invoice what there is.

    Raises what `payable` raises, and Conflict when credit does not suffice.
    """
    locked_to_pay(tx, [document_id])
    document, owed = payable(tx, document_id, less_credit=False)
    house = Tx(Context.system("credits:pay"), tx.session)  # what follows from being paid is the house's to do
    if document.kind == Kind.PROFORMA:
        # whoever else would spend the same credit waits here: `_book` locks in this order too
        tx.session.get_one(Customer, document.customer_id, with_for_update=True, populate_existing=True)
        _may_spend(tx, document)
        _, left = payable(tx, document_id)
        if left:
            raise Conflict(f"your credit does not cover {owed}", code="credit_too_small", hint=f"pay {left} otherwise")
        invoice_id = settle_proforma(house, document_id)
        if invoice_id is None:
            raise Conflict("what this was for can't be had any more; your credit was not used")
        document = tx.session.get_one(Document, invoice_id, with_for_update=True, populate_existing=True)
        drawn = draw_credit(house, document)
        if drawn != document.total_minor:
            raise Conflict(f"your credit does not cover {owed}", code="credit_too_small", hint="pay it otherwise")
        return PaidWithCredit(document.id, drawn)
    drawn = draw_credit(house, document)
    if not drawn:
        raise Conflict("there is no credit to pay with", code="credit_too_small")
    return PaidWithCredit(document.id, drawn)


def _may_spend(tx: Tx, document: Document) -> None:
    if is_top_up(tx.session, document):
        raise Conflict("credit is not bought with credit", hint="pay it otherwise")
    missing = charged_back_debt(tx.session, document.customer_id, document.currency)
    if missing:
        owed = Money(missing, document.currency)
        if lent_debt(tx.session, document.customer_id, document.currency) == missing:
            raise Conflict(
                f"credit that was there at once was not paid, and {owed} of it is still open",
                code="charged_back",
                hint="pay that first; then your credit can be used again",
            )
        raise Conflict(
            f"your bank took money back, and {owed} of it is still open",
            code="charged_back",
            hint="pay that first; then your credit can be used again",
        )
