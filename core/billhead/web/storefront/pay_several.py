"""Pay several documents at once: choose them, choose how, and be led to the gateway by one attempt for all."""

from collections.abc import Sequence

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.credits._usable import usable_credit
from billhead.actions.documents._disputed import asked_of
from billhead.actions.payments.start_checkout import start_checkout
from billhead.db import reading
from billhead.domain.document import Kind
from billhead.domain.errors import BillheadError
from billhead.domain.rights import BUYERS
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.customer.read import open_documents
from billhead.web.pages import page
from billhead.web.request_context import client_address, current_customer_id, submit_ctx
from billhead.web.shop_address import outside
from billhead.web.speaking import say
from billhead.web.storefront.blueprint import storefront
from billhead.web.storefront.payment_options import chosen_account, not_begun, options_for, typed_fields

__all__: list[str] = []


@storefront.get("/pay/several")
@allow(*BUYERS, permission="own.pay")
def pay_several() -> ResponseReturnValue:
    """`?document=7&document=9`; without any, everything that is open."""
    return _choose(request.args.getlist("document"), "")


@storefront.post("/pay/several")
@allow(*BUYERS, permission="own.pay")
def start_paying_several() -> ResponseReturnValue:
    wanted, account = request.form.getlist("document"), chosen_account()
    if not wanted:
        return _choose([], say("Choose what you want to pay."), 422)
    if account is None:
        return _choose(wanted, say("Choose how you want to pay."), 422)
    ids = [document.id for document in _open() if str(document.id) in wanted]
    if len(ids) != len(set(wanted)):
        return _choose(wanted, say("One of these is paid already, or can't be paid now."), 409)
    back = outside(url_for("storefront.paid", document_id=ids[0]))
    try:
        begun = start_checkout(
            submit_ctx(), ids[0], account, back, save_method="save" in request.form, also=ids[1:],
            fields=typed_fields(account), ip=client_address(),
        )  # fmt: skip
    except BillheadError as refused:
        return _choose(wanted, *not_begun(account, refused))
    return redirect(url_for("storefront.lead_on", attempt_id=begun.attempt_id), 303)


def _open() -> list[Document]:
    """What can be paid, oldest due first, of one currency."""
    with reading() as session:
        found = open_documents(session, current_customer_id())
    found.sort(key=lambda one: (one.due_on is None, one.due_on, one.id))
    return [one for one in found if one.currency == found[0].currency and one.seller_id == found[0].seller_id]


def _choose(wanted: Sequence[str], problem: str, status: int = 200) -> ResponseReturnValue:
    documents = _open()
    if not documents:
        return redirect(url_for("customer.documents"), 303)
    chosen = {document.id for document in documents if not wanted or str(document.id) in wanted}
    with reading() as session:
        options = options_for(session, documents[0].seller_id, documents[0].currency)
        me = session.get_one(Customer, current_customer_id())
        unused = usable_credit(session, me, documents[0].currency).minor
        asked = asked_of(session, documents)
    shown = page(
        "storefront/pay_several.html",
        documents=documents,
        chosen=chosen,
        options=options,
        problem=problem,
        asked=asked,
        total=sum(asked[key] for key in chosen),
        unused=unused if any(one.kind == Kind.PROFORMA for one in documents) else 0,
        currency=documents[0].currency,
    )
    return shown, status
