"""Credit that was ordered and waits to be paid: it is paid, or dropped."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.credits.drop_order import drop_order, preview_drop_order
from billhead.db import reading, writing
from billhead.domain.errors import Conflict
from billhead.domain.rights import BUYERS
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.customer.sure import sure
from billhead.web.errors import refusal
from billhead.web.formatting import money
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import say

__all__: list[str] = []


@customer.route("/credit/orders/<int:document_id>/drop", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.pay")
def drop_credit(document_id: int) -> ResponseReturnValue:
    back = url_for("customer.credit")
    try:
        with reading() as session:
            total = preview_drop_order(session, current_ctx(), document_id)
        if request.method == "POST":
            with writing(submit_ctx()) as tx:
                drop_order(tx, document_id)
            flash(say("The order is dropped."), "good")
            return redirect(back, 303)
    except Conflict as refused:
        flash(refusal(refused)[0], "bad")
        return redirect(back, 303)
    amount = money(total.minor, total.currency)
    happens = [
        say("%(amount)s of credit are not bought, and nobody asks for the money any more.", amount=amount),
        say("You can buy credit again at any time. Money that is on its way for this order is kept as your credit."),
    ]
    return sure(say("Drop this order?"), happens, say("Drop the order"), back, danger=True)
