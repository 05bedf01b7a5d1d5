"""Whoever a reseller keeps with its credits finds nothing of the operator's for sale, but whom to ask."""

from flask import Flask, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import exists, select

from billhead.db import reading
from billhead.domain.context import Role
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.web.customer.read import Keeper, keeper_of
from billhead.web.pages import page
from billhead.web.request_context import signed_in

__all__ = ["has_bills", "has_credit", "install", "keeper_here"]

_SELLS = frozenset(
    f"storefront.{name}"
    for name in (
        "become_reseller", "cart", "checkout", "compare", "empty_cart", "enter_coupon", "follow_friend", "partners",
        "place_order", "plan", "plans", "promotion", "remove_plan", "undo_cart",
    )
) | {"customer.buy_more_credit"}  # fmt: skip


def install(app: Flask) -> None:
    @app.before_request
    def ask_the_keeper() -> ResponseReturnValue | None:
        keeper = keeper_here() if request.endpoint in _SELLS else None
        if keeper is None:
            return None
        return page("storefront/ask_the_keeper.html", keeper=keeper), 200 if request.method == "GET" else 403

    @app.context_processor
    def kept() -> dict[str, object]:
        return {"keeper_here": keeper_here, "has_bills": has_bills, "has_credit": has_credit}


def keeper_here() -> Keeper | None:
    """Of the customer who is signed in, or whom staff look in as."""
    if "keeper" not in g:
        login, g.keeper = signed_in(), None
        if login is not None and login.role is Role.CUSTOMER and login.customer_id is not None:
            with reading() as session:
                g.keeper = keeper_of(session, login.customer_id)
    found: Keeper | None = g.keeper
    return found


def has_bills() -> bool:
    """Whether there is anything for them among invoices and payment methods: not for whoever never had one."""
    return _had(Document)


def has_credit() -> bool:
    """Whether there is anything for them among credit: it is given to who has no bill as well."""
    return has_bills() or _had(CustomerCredit)


def _had(what: type[Document | CustomerCredit]) -> bool:
    login = signed_in()
    if login is None or keeper_here() is None:
        return True
    with reading() as session:
        return bool(session.scalar(select(exists().where(what.customer_id == login.customer_id))))
