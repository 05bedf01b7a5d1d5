"""The reseller's own keys to the API: each is shown once."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.resellers.create_key import create_key
from billhead.actions.resellers.revoke_key import revoke_key
from billhead.db import Tx, reading, writing
from billhead.domain.errors import BillheadError, NotFound
from billhead.models.resellers import ResellerKey
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.asking import Question, asked
from billhead.web.speaking import say

__all__: list[str] = []


@reseller.get("/keys")
@allow("reseller", "super_reseller")
def keys() -> ResponseReturnValue:
    return _shown()


def _shown(made: str = "", problem: str = "") -> str:
    with reading() as session:
        rows = page_of(session, select(ResellerKey).where(ResellerKey.reseller_id == own_id()), ResellerKey.id)
    return page("reseller/keys.html", rows=rows, made=made, problem=problem)


@reseller.post("/keys")
@allow("reseller", "super_reseller")
def new_key() -> ResponseReturnValue:
    """The answer itself shows the key: it has no address, and is nowhere once the page is left."""
    try:
        with writing(current_ctx()) as tx:
            made = create_key(tx, own_id(), request.form.get("name", ""))
    except BillheadError as refused:
        problem, status = refusal(refused)
        return _shown(problem=problem), status
    flash(say("Write it down now: it is shown this once."), "warn")
    return _shown(made.key)


@reseller.route("/keys/<int:key>/revoke", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def end_key(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = session.get(ResellerKey, key)
        if row is None or row.reseller_id != own_id():
            raise NotFound("key", key)

    def act(tx: Tx) -> str:
        revoke_key(tx, own_id(), key)
        return say("The key %(name)s opens nothing any more.", name=row.name)

    text = say("Programs that use it are refused at once. It can’t be brought back.")
    back = url_for("reseller.keys")
    question = Question(say("Revoke %(name)s?", name=row.name), text, say("Revoke"), back, danger=True)
    return asked(question, lambda _tx: (), act)
