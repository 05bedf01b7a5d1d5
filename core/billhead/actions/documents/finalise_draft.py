"""Make a draft final: its lines, tax, addresses and exchange rate are frozen, and it takes its number."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from billhead.actions.billing._finalising import finalise, rate_drafts
from billhead.actions.documents._changeable import locked_draft
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.documents import Document

__all__ = ["Finalised", "WouldBe", "finalise_draft", "preview_finalise_draft"]


@dataclass(frozen=True, slots=True)
class Finalised:
    document_id: int
    number: str


@dataclass(frozen=True, slots=True)
class WouldBe:
    """What a draft becomes if it is made final today, in minor units. `credit` is paid by the customer's credit."""

    net: int
    tax: int
    total: int
    credit: int
    issued_on: str
    due_on: str
    collected: bool


def preview_finalise_draft(session: Session, document: Document) -> WouldBe:
    """Raises what finalising would refuse."""
    ready, refused = rate_drafts(session, [document])
    if refused:
        raise refused[0][1]
    one = ready[0].rated
    dates = one.issued_on.isoformat(), one.due_on.isoformat()
    collected = one.has_method and one.owed_minor > 0
    return WouldBe(one.net_minor, one.tax_minor, one.total_minor, one.credit_minor, *dates, collected)


@verb("documents.finalise_draft", permission="documents.write")
def finalise_draft(tx: Tx, document_id: int) -> Finalised:
    """Tax it as of today, apply credit, book it and give it the next number, all or nothing.

    Raises NotFound, Conflict (not a draft, or without lines), or what the tax engine refuses.
    """
    document = locked_draft(tx, document_id)
    ready, refused = rate_drafts(tx.session, [document])
    if refused:
        raise refused[0][1]
    return Finalised(document_id, finalise(tx, ready)[document_id])
