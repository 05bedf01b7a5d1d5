"""Callbacks as they came in: above all the quarantine, where those are that prove nothing."""

from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.db import reading
from billhead.models.payments import Callback, GatewayAccount
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.columns import code, instant, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.pages import page
from billhead.web.speaking import marked, say

__all__ = ["CALLBACKS"]

_SHOWN_BYTES = 8192
_KEPT_BACK = frozenset({"authorization", "cookie", "proxy-authorization"})

CALLBACKS = Listing(
    name="callbacks",
    title=marked("Callbacks"),
    query=select(
        Callback.id,
        Callback.account_id,
        GatewayAccount.name.label("account"),
        Callback.state,
        Callback.event_id,
        Callback.error,
        Callback.received_at,
    ).join(GatewayAccount, GatewayAccount.id == Callback.account_id),
    key=Callback.id,
    columns=(
        text(marked("Callback"), "id", to="callback"),
        text(marked("Account"), "account"),
        state(marked("State"), "state"),
        code(marked("Event"), "event_id"),
        text(marked("Why"), "error", css="clip"),
        instant(marked("Received"), "received_at"),
    ),
    choices=(
        Choice(
            "state", marked("State"), Callback.state, ("quarantined", "rejected", "received", "verified", "applied")
        ),
    ),
    search=lambda typed: Callback.event_id == typed,
    search_label=marked("The gateway's event id"),
    narrow={"account": Callback.account_id},
    empty=marked("What gateways tell us is kept here as it came, before anybody believes it."),
)


@admin.get("/callbacks")
@allow("staff")
def callbacks() -> ResponseReturnValue:
    return CALLBACKS.answer()


@admin.get("/callbacks/<int:key>")
@allow("staff", permission="payments.write")
def callback(key: int) -> ResponseReturnValue:
    """The message itself: needs payments.write, since payers' data may stand in it."""
    with reading() as session:
        row = found(session, Callback, key, "callback")
        account = session.get_one(GatewayAccount, row.account_id)
    headers = {name: say("(kept back)") if name in _KEPT_BACK else text_ for name, text_ in sorted(row.headers.items())}
    body = row.body[:_SHOWN_BYTES].decode("utf-8", "replace")
    cut = max(len(row.body) - _SHOWN_BYTES, 0)
    return page("admin/callback.html", callback=row, account=account, headers=headers, body=body, cut=cut)
