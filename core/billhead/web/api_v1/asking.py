"""The area for programs of resellers. What a key may see and do is decided by the same scope and actions as in the
reseller's area."""

from flask import Blueprint, request
from sqlalchemy.orm import Session

from billhead.actions.resellers._tree import stopped_by, suspended
from billhead.actions.resellers.use_key import use_key
from billhead.db import reading
from billhead.domain.money import CREDITS, Money
from billhead.models.people import Reseller
from billhead.web.programs import asker, only_with_a_key

__all__ = ["api", "asking_reseller", "in_credits"]

api = Blueprint("api_v1", __name__, url_prefix="/api/v1")
only_with_a_key(api, use_key)


@api.before_request
def only_look_while_suspended() -> None:
    """As in the area, before anything is read of what was sent."""
    if request.method in ("GET", "HEAD"):
        return
    with reading() as session:
        stopped = stopped_by(session, asking_reseller(session).id)
    if stopped:
        raise suspended(stopped)


def asking_reseller(session: Session) -> Reseller:
    return session.get_one(Reseller, asker().scope.reseller_id)


def in_credits(minor: int) -> str:
    """1250 → "12.50": credits are told as text, so that no program makes a float of them."""
    return str(Money(minor, CREDITS).decimal())
