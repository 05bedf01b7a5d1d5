"""What the verbs of this folder share: a new attempt row, and how a gateway sees it."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.credits._top_up import brought_for, is_top_up
from billhead.actions.credits._usable import usable_credit
from billhead.actions.documents._disputed import asked_now
from billhead.actions.payments._allocating import locked_documents
from billhead.db import Tx
from billhead.domain.creditor_reference import About, Reference
from billhead.domain.document import Kind, is_payable
from billhead.domain.errors import Conflict, NotFound, OnHold
from billhead.domain.money import Money
from billhead.domain.payment import BLOCKS_ANOTHER, AttemptState
from billhead.models.documents import Document
from billhead.models.payments import AttemptDocument, GatewayAccount, PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.plugin import AttemptView, GatewayConnection, PaymentGateway
from billhead.plugin_host import gateway_connection, plugins, vault

__all__ = [
    "OpenedAccount",
    "attempt_view",
    "new_attempt",
    "document_named",
    "document_ids_of",
    "documents_of",
    "last_charge",
    "open_account",
    "payable",
    "refuse_under_way",
    "short_reference",
    "undecided",
    "under_way",
]


_SHORT = re.compile(r"[A-Za-z0-9-]{1,12}")
_ORDER = re.compile(r"ORDER[ -]?([1-9][0-9]{0,11})")
_PAID_BY_NUMBER = (Kind.PROFORMA.value, Kind.INVOICE.value)


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """A gateway account, opened for a call: the plugin's gateway and its connection. Holds no session."""

    id: int
    gateway: PaymentGateway
    connection: GatewayConnection


def open_account(account: GatewayAccount) -> OpenedAccount:
    return OpenedAccount(account.id, plugins().gateway(account.gateway), gateway_connection(account))


def payable(tx: Tx, document_id: int, *, less_credit: bool = True) -> tuple[Document, Money]:
    """The document, locked, and what is still to be paid on it; without what is disputed, where something is left.

    A proforma is paid with the customer's credit first (less_credit): the rest may be zero. An invoice has had its
    credit when that came.

    Raises NotFound, or Conflict when it is not open for payment or another try is still undecided (pitfall 6: never
    two captures).
    """
    tx.session.flush()  # who has read it before it was locked must not go by that: it may be paid meanwhile
    document = tx.session.get(Document, document_id, with_for_update=True, populate_existing=True)
    if document is None:
        raise NotFound("document", document_id)
    scope = tx.ctx.scope
    if not scope.everything and scope.customer_id != document.customer_id:
        raise NotFound("document", document_id)
    owed = Money(asked_now(tx.session, document), document.currency)
    if document.kind == Kind.CREDIT_NOTE:
        raise Conflict(f"{document.number_text} is a credit note: nobody pays on it")
    if not is_payable(document.kind, document.state) or owed.minor <= 0:
        raise Conflict(f"{document.number_text or 'this document'} is {document.state}: there is nothing to pay on it")
    if document.kind == Kind.PROFORMA and document.held_because:
        raise OnHold(document.held_because, hint="it can be paid as soon as that is settled")
    if undecided(tx, document_id):
        raise Conflict(
            "an earlier payment of this document is still being looked up",
            code="payment_undecided",
            hint="wait a few minutes; it is resolved by itself, and nothing is charged twice",
        )
    if is_top_up(tx.session, document):
        owed -= min(owed, Money(brought_for(tx.session, document), owed.currency))
    elif less_credit and document.kind == Kind.PROFORMA:
        customer = tx.session.get_one(Customer, document.customer_id)
        owed -= min(owed, usable_credit(tx.session, customer, document.currency))
    return document, owed


def last_charge(tx: Tx, document_id: int) -> int:
    """The newest try to charge a saved method for a document; 0: there was none."""
    mine = PaymentAttempt.document_id == document_id, PaymentAttempt.off_session
    return int(tx.session.scalar(select(func.max(PaymentAttempt.id)).where(*mine)) or 0)


def undecided(tx: Tx, document_id: int) -> bool:
    """Nobody knows yet whether money for this document moved: by an attempt of its own, or one for several."""
    return tx.session.scalar(select(Document.id).where(Document.id == document_id, under_way())) is not None


def refuse_under_way(session: Session, document: Document, states: Collection[AttemptState] = BLOCKS_ANOTHER) -> None:
    """Raises Conflict while money may be on its way to it; `states` as of `under_way`."""
    if session.scalar(select(Document.id).where(Document.id == document.id, under_way(states))) is not None:
        name = document.number_text or f"document {document.id}"
        raise Conflict(f"a payment of {name} is under way", code="payment_undecided", hint="wait until it has ended")


def under_way(states: Collection[AttemptState] = BLOCKS_ANOTHER) -> ColumnElement[bool]:
    """`undecided` as a condition on Document; with UNRESOLVED also while a payer is at the gateway."""
    blocking = PaymentAttempt.state.in_([state.value for state in states])
    alone = exists().where(PaymentAttempt.document_id == Document.id, blocking)
    among_others = exists().where(
        AttemptDocument.document_id == Document.id, PaymentAttempt.id == AttemptDocument.attempt_id, blocking
    )
    return or_(alone, among_others)


def documents_of(tx: Tx, attempt: PaymentAttempt) -> list[Document]:
    """What an attempt pays, locked, in the order in which the money is put on them."""
    ids = document_ids_of(tx, attempt)
    locked = locked_documents(tx, ids)
    return [locked[key] for key in ids]


def document_ids_of(tx: Tx, attempt: PaymentAttempt) -> list[int]:
    also = tx.session.scalars(
        select(AttemptDocument.document_id)
        .where(AttemptDocument.attempt_id == attempt.id)
        .order_by(AttemptDocument.position)
    ).all()
    return [attempt.document_id, *also]


def new_attempt(
    tx: Tx, document: Document, account_id: int, amount: Money, *, method_id: int | None = None
) -> PaymentAttempt:
    """The intent: committed before the gateway hears of it. Its key is the idempotency key at the provider.

    The tail keeps it apart from the keys of another installation at the same provider, or of this one before its
    database was restored from a backup: an old charge must never answer for a new one.
    """
    count = tx.session.scalar(
        select(func.count()).select_from(PaymentAttempt).where(PaymentAttempt.document_id == document.id)
    )
    number = int(count or 0) + 1
    attempt = PaymentAttempt(
        document_id=document.id,
        customer_id=document.customer_id,
        account_id=account_id,
        method_id=method_id,
        number=number,
        key=f"doc{document.id}-a{number}-{secrets.token_hex(3)}",
        amount_minor=amount.minor,
        currency=amount.currency,
        state=AttemptState.CREATED.value,
        off_session=method_id is not None,
        created_at=clock.business_now(),
    )
    tx.session.add(attempt)
    tx.session.flush()
    return attempt


def attempt_view(tx: Tx, attempt: PaymentAttempt, *, return_url: str = "", save_method: bool = False) -> AttemptView:
    customer = tx.session.get_one(Customer, attempt.customer_id)
    document = tx.session.get_one(Document, attempt.document_id)
    method = tx.session.get_one(PaymentMethod, attempt.method_id) if attempt.off_session and attempt.method_id else None
    others = _others(tx, attempt)
    return AttemptView(
        key=attempt.key,
        amount=Money(attempt.amount_minor, attempt.currency),
        description=_described(document, others),
        customer_ref=f"customer-{customer.id}",
        customer_name=customer.name,
        customer_email=customer.email,
        return_url=return_url,
        cancel_url=return_url,
        provider_ref=attempt.provider_ref,
        reference=_reference(attempt, others),
        save_method=save_method,
        method_token=vault().decrypt(method.token) if method and method.token else "",
        age=clock.business_now() - attempt.created_at,
        short_reference=short_reference(document),
        code=attempt.decline_code,
    )


def short_reference(document: Document) -> str:
    """The number if it is short, else the order's: what a payer can type at a paybill, and `document_named` reads."""
    return document.number_text if _SHORT.fullmatch(document.number_text) else f"ORDER{document.id}"


def document_named(tx: Tx, seller_id: int, text: str) -> Document | None:
    """The seller's document that a payer means by it: its number, or ORDER and the order's."""
    wanted = text.strip().upper()
    named = select(Document).where(Document.seller_id == seller_id, Document.kind.in_(_PAID_BY_NUMBER))
    order = _ORDER.fullmatch(wanted)
    if order is not None:
        return tx.session.scalar(named.where(Document.id == int(order[1])))
    numbers = {text.strip(), wanted, wanted.replace(" ", "")} - {""}
    return tx.session.scalar(named.where(Document.number_text.in_(sorted(numbers))).limit(1))


def _reference(attempt: PaymentAttempt, others: int) -> str:
    """What the payer names in a transfer: the document, as on its paper, or the attempt where it pays several."""
    if others:
        return Reference(About.ATTEMPT, attempt.id).text
    return Reference(About.DOCUMENT, attempt.document_id).text


def _others(tx: Tx, attempt: PaymentAttempt) -> int:
    """How many documents it pays beside its own."""
    query = select(func.count()).select_from(AttemptDocument).where(AttemptDocument.attempt_id == attempt.id)
    return int(tx.session.scalar(query) or 0)


def _described(document: Document, others: int) -> str:
    return (document.number_text or f"Order {document.id}") + (f" and {others} more" if others else "")
