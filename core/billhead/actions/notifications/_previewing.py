"""How a notice would look: a text, saved or not, filled with what is true of a customer, or with an example."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.content._own_words import own_words
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._groups import HOLDS_A_SECRET
from billhead.actions.notifications._mail_look import look_of_mail
from billhead.actions.notifications._own_texts import check_there_is, own_text
from billhead.actions.notifications._render import Rendered, named_facts, render
from billhead.actions.notifications._samples import sample_facts
from billhead.actions.notifications._standard import WrittenText
from billhead.domain.errors import BillheadError, NotFound
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.payments import Payment
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["example_facts", "facts_of_preview", "preview_notice"]


def preview_notice(
    session: Session,
    seller_id: int,
    kind: str,
    language: str,
    text: WrittenText | None = None,
    customer_id: int | None = None,
    document_id: int | None = None,
) -> Rendered:
    """`text` None: the one that counts now. Raises NotFound for somebody else's customer or document."""
    facts = facts_of_preview(session, seller_id, kind, language, customer_id, document_id)
    return render(kind, facts, text or own_text(session, seller_id, kind, language))


def example_facts(kind: str) -> Mapping[str, Any]:
    """What a text of this kind may name, each with an example."""
    check_there_is(kind, "en")
    return named_facts(sample_facts(kind))


def facts_of_preview(
    session: Session, seller_id: int, kind: str, language: str, customer_id: int | None, document_id: int | None
) -> dict[str, Any]:
    check_there_is(kind, language)
    seller = session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    frame: dict[str, Any] = {"language": language, "look": look_of_mail(session, seller), "seller": seller.name}
    frame |= {"zone": seller.zone, "own_words": own_words(session, seller, language)}
    if customer_id is None:
        return sample_facts(kind, **frame)
    customer = session.get(Customer, customer_id)
    if customer is None or customer.seller_id != seller_id:
        raise NotFound("customer", customer_id)
    if kind not in HOLDS_A_SECRET:  # shown as an example only
        data = _newest(session, customer, document_id)
        notice = Notice(customer_id=customer.id, kind=kind, channel="email", recipient=customer.email, data=data)
        try:
            return {**sample_facts(kind), **gather(session, notice), **frame, "zone": customer.zone, "written": None}
        except BillheadError:  # nothing of that kind is true of them now
            pass
    return sample_facts(kind, **frame, name=customer.name)


def _newest(session: Session, customer: Customer, document_id: int | None) -> dict[str, Any]:
    if document_id is not None:
        document = session.get(Document, document_id)
        if document is None or document.customer_id != customer.id:
            raise NotFound("document", document_id)
    found: dict[str, Any] = {"document_id": document_id}
    for name, model in (("document_id", Document), ("subscription_id", Subscription), ("payment_id", Payment)):
        if not found.get(name):
            newest = select(model.id).where(model.customer_id == customer.id).order_by(model.id.desc()).limit(1)
            found[name] = session.scalar(newest)
    return found
