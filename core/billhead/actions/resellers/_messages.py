"""A message of a reseller: what it says, whom it may reach, and how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.notifications._facts import spoken
from billhead.actions.notifications._ways import ways_to_many
from billhead.actions.resellers._tree import subtree
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.people import Customer
from billhead.models.resellers import ResellerMessage
from billhead.models.sellers import Seller
from billhead.wording import NOTICE_LANGUAGES

__all__ = ["A_DAY", "KIND", "MOST", "Letter", "checked_letter", "data_of", "left_out", "recipients", "refuse_too_many"]

KIND = "reseller_message"
MOST = 500
A_DAY = 3
"""Messages of one reseller within 24 hours."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`only`: for those who read the language that it is written in; others are left out."""

    subject: str
    words: str
    language: str
    only: bool = False


def checked_letter(letter: Letter) -> Letter:
    """Raises InvalidInput."""
    for name, said, most in (("subject", letter.subject, 150), ("words", letter.words, 4000)):
        if not said.strip() or len(said) > most:
            raise InvalidInput(name, f"is needed, at most {most} letters")
    if letter.language not in NOTICE_LANGUAGES:
        raise InvalidInput("language", f"{letter.language!r} is not one of {', '.join(NOTICE_LANGUAGES)}")
    return letter


def recipients(session: Session, reseller_id: int, customers: Sequence[int]) -> list[Customer]:
    """Users of the subtree, and who buys for a reseller below. Raises InvalidInput, or NotFound for anybody else."""
    ids = sorted(set(customers))
    if not 1 <= len(ids) <= MOST:
        raise InvalidInput("customers", f"choose from 1 to {MOST}")
    below = Customer.buys_for_reseller_id
    others = and_(below.in_(subtree(reseller_id)), below != reseller_id)
    mine = or_(Customer.reseller_id.in_(subtree(reseller_id)), others)
    found = session.scalars(select(Customer).where(Customer.id.in_(ids), mine).order_by(Customer.id)).all()
    missing = set(ids) - {one.id for one in found}
    if missing:
        raise NotFound("customer", min(missing))
    return list(found)


def left_out(session: Session, readers: Sequence[Customer], letter: Letter) -> dict[int, str]:
    """Customer → why it does not reach them, of those whom it does not."""
    others = {one.id for one in readers if letter.only and letter.language != _reads(session, one)}
    ways = ways_to_many(session, [one.id for one in readers if one.id not in others], KIND)
    unreached = [one for one in readers if one.id not in others and not ways.get(one.id)]
    lacks = {one.id: "wants no news" if one.email else "there is no address to write to" for one in unreached}
    return lacks | dict.fromkeys(others, "reads another language")


def _reads(session: Session, customer: Customer) -> str:
    seller = session.get_one(Seller, customer.seller_id)
    return spoken(customer.language, str(seller.mails.get("language") or ""))


def refuse_too_many(session: Session, reseller_id: int) -> None:
    """Raises Conflict. For who holds the reseller locked."""
    since = clock.now() - timedelta(days=1)
    sent = select(func.count()).where(ResellerMessage.reseller_id == reseller_id, ResellerMessage.created_at > since)
    if (session.scalar(sent) or 0) >= A_DAY:
        raise Conflict(f"{A_DAY} messages were sent within a day already", hint="send the next one tomorrow")


def data_of(message: ResellerMessage, customer: Customer) -> Mapping[str, Any]:
    """Of the notice: users are told in the name that they know, resellers in that of who wrote it."""
    whose = {"by_reseller": True} if customer.buys_for_reseller_id is None else {"from_reseller": message.reseller_id}
    return {"message_id": message.id, "language": message.language, **whose}
