"""Where a customer lives, asked at the checkout where the tax depends on it: before the sum is agreed to."""

from typing import NamedTuple

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.accounts.update_profile import Profile, update_profile
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError
from billhead.domain.rights import BUYERS
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.plugin_host import plugins
from billhead.web.errors import refusal
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.speaking import say
from billhead.web.storefront.blueprint import storefront

__all__ = ["TaxPlace", "tax_place_asked"]

_LONGEST = 40


class TaxPlace(NamedTuple):
    region: str
    postcode: str


def tax_place_asked(seller: Seller, *, held: bool) -> TaxPlace | None:
    """What is known, to be completed: for whoever may change it, where the seller's engine goes by postcodes and there
    is none yet, or the order is held. None where nothing is to be asked."""
    ctx = current_ctx()
    if not seller.tax_engine or not ctx.may("own.profile") or ctx.scope.customer_id is None:
        return None
    try:
        engine = plugins().tax_engine(seller.tax_engine)
    except BillheadError:  # it is not active: the quote says so
        return None
    if not getattr(engine, "uses_postcode", False):
        return None
    with reading() as session:
        me = session.get_one(Customer, ctx.scope.customer_id)
    postcode = str(me.address.get("postcode") or "")
    return TaxPlace(me.region, postcode) if held or not postcode else None


@storefront.post("/checkout/place")
@allow(*BUYERS, permission="own.profile")
def tell_tax_place() -> ResponseReturnValue:
    region, postcode = (request.form.get(name, "").strip()[:_LONGEST] for name in ("region", "postcode"))
    try:
        with writing(submit_ctx()) as tx:
            me = tx.session.get_one(Customer, current_customer_id())
            address = {name: str(me.address.get(name) or "") for name in ("street", "city")}
            told = Profile(
                me.name, me.company, me.phone, address["street"], postcode, address["city"], me.country, me.vat_id,
                me.zone, region,
            )  # fmt: skip
            update_profile(tx, me.id, told)
        flash(say("Saved. The sum below has the tax of your address."), "good")
    except BillheadError as refused:
        flash(refusal(refused)[0], "bad")
    return redirect(url_for("storefront.checkout"), 303)
