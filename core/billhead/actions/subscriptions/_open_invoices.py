"""What becomes of a subscription's invoices that wait to be paid, and of its drafts, when it is canceled."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.documents._changeable import by_hand, lines_of
from billhead.actions.documents._corrected import lines_of as corrected_lines_of
from billhead.actions.documents._subscriptions import about, subscriptions_of
from billhead.actions.documents._untouched import is_untouched
from billhead.actions.documents.finalise_draft import finalise_draft
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.void_document import void_document
from billhead.actions.payments._policy import money_back_of
from billhead.actions.subscriptions._uncharged_days import on_its_own, take_off_days
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.document import Kind, State
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription

__all__ = ["open_rule", "owed_on", "settle_drafts", "void_open"]

_REASON = "the subscription was canceled"


def open_rule(tx: Tx, subscription: Subscription) -> str:
    """keep | credit | void: the plan's rule, or else the seller's."""
    own = tx.session.get_one(Plan, subscription.plan_id).details.get("open_invoices")
    return str(own or money_back_of(tx.session.get_one(Seller, subscription.seller_id)).open_invoices)


def owed_on(session: Session, subscription_id: int) -> int:
    """What is open on the invoices about it, in minor units."""
    query = select(func.sum(Document.total_minor - Document.settled_minor))
    return int(session.scalar(query.where(about(subscription_id), Document.owed())) or 0)


def settle_drafts(tx: Tx, subscription: Subscription, charged_to: date, *, void: bool) -> int:
    """A draft over days that are not charged: void where they are all that it is for, and final otherwise, so that a
    credit note can give them back; one that is held loses these days, and stays held. `void`: nobody pays any of them;
    returns how much that was.
    """
    house, given = _house(tx), 0
    tx.session.flush()
    drafts = tx.session.scalars(
        select(Document)
        .where(about(subscription.id), Document.kind == Kind.INVOICE.value, Document.state == State.DRAFT.value)
        .order_by(Document.id.desc())
    )
    for draft in drafts.all():
        lines, held = lines_of(tx, draft.id), draft.finalise_on is None
        mine = [line for line in lines if line.subscription_id == subscription.id]
        ends = max([line.period_end for line in mine if line.period_end], default=charged_to)
        if void and (held or all(line.corrects_line_id is None for line in mine)):
            off = on_its_own(house, draft, mine)
            given += void_document(house, off.id, reason=_REASON, given_away=True).total_minor
        elif void or ends > charged_to:
            _charge_less(house, draft, subscription, charged_to, mine, last=ends == subscription.billed_through)
    tx.session.refresh(subscription)
    return max(given, 0)


def _charge_less(
    tx: Tx, draft: Document, subscription: Subscription, charged_to: date, mine: Sequence[DocumentLine], *, last: bool
) -> None:
    behind = [one for one in mine if one.corrects_line_id is None and (one.period_start or date.min) >= charged_to]
    alone, held = len(behind) == len(lines_of(tx, draft.id)), draft.finalise_on is None
    if not held and not (alone and last):
        finalise_draft(tx, draft.id)
        return
    if behind:
        void_document(tx, on_its_own(tx, draft, behind).id, reason=_REASON, given_away=not last)
    if not alone:
        take_off_days(tx, draft, subscription, charged_to)
        _let_returns_go(tx, draft, mine)


def _let_returns_go(tx: Tx, draft: Document, mine: Sequence[DocumentLine]) -> None:
    """They outweigh what is charged by now: they are given back at once, as the canceled money is, and do not wait."""
    returns = [one for one in mine if one.corrects_line_id is not None]
    if draft.total_minor < 0 and returns:
        void_document(tx, on_its_own(tx, draft, returns).id, reason=_REASON, given_away=True)


def void_open(tx: Tx, subscription: Subscription, but: int | None) -> int:
    """Nothing that waits to be paid is owed any more, `but` for one document; returns how much that was.

    An invoice over nothing else becomes void. What is paid in part, corrected, about to be paid or shared with others
    or with what staff have put on it, or gives something back as the bill of a change does, gets a credit note over
    what is open of it.
    """
    house, given = _house(tx), 0
    waiting = tx.session.scalars(select(Document).where(about(subscription.id), Document.owed()).order_by(Document.id))
    for invoice in waiting.all():
        open_minor = invoice.total_minor - invoice.settled_minor
        if invoice.id == but or open_minor <= 0:
            continue
        only = subscriptions_of(tx.session, invoice.id) == [subscription.id]
        more = any(line.corrects_line_id is not None or by_hand(line) for line in lines_of(tx, invoice.id))
        if only and not more and is_untouched(tx, invoice):
            given += void_document(house, invoice.id, reason=_REASON).total_minor
        else:
            given += _credited(house, invoice, subscription.id, open_minor)
    return given


def _credited(tx: Tx, invoice: Document, subscription_id: int, open_minor: int) -> int:
    lines = corrected_lines_of(tx.session, invoice)
    mine = [line for line in lines.values() if line.row.subscription_id == subscription_id]
    left = min(open_minor, sum(line.left for line in mine), sum(line.left for line in lines.values()))
    wanted: list[Correction] = []
    for line in mine:
        minor = min(line.left, left)
        if minor > 0:
            wanted.append(Correction(line.row.id, amount_minor=minor))
            left -= minor
    return issue_credit_note(tx, invoice.id, wanted, reason=_REASON).total_minor if wanted else 0


def _house(tx: Tx) -> Tx:
    """Whoever may cancel needs no right over documents for what follows by itself."""
    return Tx(Context.system("subscriptions:cancel"), tx.session)
