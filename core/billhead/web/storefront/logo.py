"""/logo: the picture of a reseller's shop, on its pages as on its documents."""

from flask import Response, abort
from flask.typing import ResponseReturnValue

from billhead.db import reading
from billhead.models.sellers import SellerLogo
from billhead.plugin import allow
from billhead.web.request_context import current_seller
from billhead.web.storefront.blueprint import storefront

__all__: list[str] = []


@storefront.get("/logo")
@allow("anyone")
def logo() -> ResponseReturnValue:
    seller = current_seller()
    with reading() as session:
        found = session.get(SellerLogo, seller.id) if seller is not None else None
    if found is None:
        abort(404)
    response = Response(found.data, mimetype={"png": "image/png"}.get(found.format, "image/jpeg"))
    response.cache_control.max_age = 300
    response.cache_control.private = True
    return response
