"""What the reseller has, what it may sell, and what its credits went to."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from billhead.actions.resellers._seen import figures_of
from billhead.actions.resellers._statement import KINDS, statement_of
from billhead.actions.resellers._tree import is_stopped
from billhead.actions.shops._own import customer_of
from billhead.db import reading
from billhead.domain.errors import InvalidInput
from billhead.models.ledger import LedgerEntry
from billhead.plugin import allow
from billhead.web.api_v1.asking import api, asking_reseller, in_credits
from billhead.web.programs import one_page
from billhead.web.reseller.offers import addons_for, offers_for

__all__: list[str] = []


@api.get("/balance")
@allow("anyone")
def balance() -> ResponseReturnValue:
    with reading() as session:
        me = asking_reseller(session)
        has, stopped = figures_of(session, [me.id])[me.id], is_stopped(session, me)
    return {
        "reseller": me.code,
        "name": me.name,
        "suspended": stopped,
        "credits": in_credits(has.balance_minor),
        "held": in_credits(has.held_minor),
        "owed": in_credits(has.owed_minor),
        "credit_line": in_credits(me.credit_line_minor),
        "users": has.users,
    }


@api.get("/packages")
@allow("anyone")
def packages() -> ResponseReturnValue:
    """What it may sell now, by its rights and its price list."""
    with reading() as session:
        me = asking_reseller(session)
        own = customer_of(session, me)
        offers = offers_for(session, me, own, own.country)
        addons = addons_for(session, me, own, {one.code for one in offers}, own.country)
    sold = [
        {
            "plan": one.code,
            "name": one.name,
            "term": one.term,
            "credits": in_credits(one.minor),
            "trial": None
            if one.trial_minor is None
            else {"term": one.trial_term, "credits": in_credits(one.trial_minor)},
            "needs_mac": one.box,
        }
        for one in offers
    ]
    more = [
        {
            "code": one.code,
            "name": one.name,
            "most": one.most,
            "plans": list(one.plans),
            "credits": {term: in_credits(minor) for term, minor in one.prices.items()},
        }
        for one in addons
    ]
    return {"packages": sold, "add_ons": more}


@api.get("/statement")
@allow("anyone")
def statement() -> ResponseReturnValue:
    kind = request.args.get("kind", "")
    if kind and kind not in KINDS:
        raise InvalidInput("kind", f"is not one of {', '.join(KINDS)}")
    with reading() as session:
        query = statement_of(asking_reseller(session))
        rows, more = one_page(session, query.where(LedgerEntry.kind == kind) if kind else query, LedgerEntry.id)
    return {"rows": [_moved(row) for row in rows], "next": more}


def _moved(row: Row[Any]) -> dict[str, object]:
    return {
        "id": row.id,
        "at": row.at.isoformat(timespec="seconds"),
        "kind": row.kind,
        "what": KINDS.get(row.kind, row.kind),
        "change": in_credits(row.change_minor),
        "before": in_credits(row.before_minor),
        "after": in_credits(row.after_minor),
        "user": row.subscription_id,
        "document": row.document_id,
        "by": row.actor,
        "reason": row.reason,
        "request": row.request_id,
    }
