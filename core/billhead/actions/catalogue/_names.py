"""What plans are called, where something keeps their codes."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.models.catalogue import Plan

__all__ = ["plan_names"]


def plan_names(session: Session, seller_id: int, codes: Iterable[str]) -> dict[str, str]:
    """Code → name, in this order; a plan that is gone is called by its code."""
    wanted = list(dict.fromkeys(codes))
    known = select(Plan.code, Plan.name).where(Plan.seller_id == seller_id, Plan.code.in_(wanted))
    names = dict(session.execute(known).all())
    return {code: names.get(code, code) for code in wanted}
