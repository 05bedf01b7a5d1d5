"""An order of credits that nobody has paid is dropped: what does not come then is said first."""

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.credits.drop_order import drop_order, preview_drop_order
from billhead.db import Tx
from billhead.models.resellers import ResellerOrder
from billhead.plugin import allow
from billhead.web.formatting import money
from billhead.web.reseller.area import in_credits, reseller
from billhead.web.reseller.asking import Figures, Question, asked
from billhead.web.speaking import say

__all__: list[str] = []


@reseller.route("/credits/orders/<int:document_id>/drop", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def drop_credit_order(document_id: int) -> ResponseReturnValue:
    def figures(tx: Tx) -> Figures:
        total = preview_drop_order(tx.session, tx.ctx, document_id)
        mine = select(ResellerOrder.credits_minor).where(ResellerOrder.document_id == document_id)
        return (
            (say("Credits that do not come"), in_credits(tx.session.scalars(mine).one())),
            (say("Not to be paid any more"), money(total.minor, total.currency)),
        )

    def act(tx: Tx) -> str:
        drop_order(tx, document_id)
        return say("The order is dropped.")

    text = say(
        "Nobody asks for its money any more; you can order again at the prices of then. Money that is on its way for "
        "it is kept as credit of your account, in money."
    )
    back = url_for("reseller.buy")
    return asked(Question(say("Drop this order?"), text, say("Drop the order"), back, danger=True), figures, act)
