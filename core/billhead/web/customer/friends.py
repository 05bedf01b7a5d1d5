"""Friends whom the customer brings: the link, what came of it, and nothing of who they are."""

from flask import abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.referrals._refer import rules_for
from billhead.actions.referrals.make_code import make_code
from billhead.db import reading, writing
from billhead.domain.referral import ReferralRules, ReferralState, rules_from
from billhead.domain.rights import BUYERS
from billhead.models.credits import CustomerCredit
from billhead.models.people import Customer
from billhead.models.referrals import Referral, ReferralCode
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, current_customer_id, current_seller, signed_in
from billhead.web.shop_address import outside
from billhead.web.speaking import later

__all__: list[str] = []

_STATES = {
    ReferralState.WAITING.value: later("waiting"),
    ReferralState.EARNED.value: later("credit given"),
    ReferralState.REFUSED.value: later("does not count"),
    ReferralState.TAKEN_BACK.value: later("taken back"),
}


@customer.app_context_processor
def _menu() -> dict[str, object]:
    return {"brings_friends": _offered}


def _offered() -> bool:
    """Asked on each page of the area: the database only where the seller offers it at all."""
    seller, login = current_seller(), signed_in()
    if seller is None or login is None or login.customer_id is None or not rules_from(seller.referrals).on:
        return False
    with reading() as session:
        return _rules(session, session.get_one(Customer, login.customer_id)) is not None


def _rules(session: Session, me: Customer) -> ReferralRules | None:
    rules = rules_for(session, me)
    return rules if rules is not None and any(rules.of(me.currency)) else None


@customer.get("/friends")
@allow(*BUYERS, permission="own.invoices")
def friends() -> ResponseReturnValue:
    customer_id, login = current_customer_id(), signed_in()
    with reading() as session:
        me = session.get_one(Customer, customer_id)
        rules, code = _rules(session, me), session.get(ReferralCode, customer_id)
        mine = Referral.referrer_id == customer_id
        counted = select(Referral.state, func.count()).where(mine).group_by(Referral.state)
        counts = {state: int(many) for state, many in session.execute(counted)}
        got = select(func.sum(CustomerCredit.amount_minor)).join(
            Referral, Referral.referrer_credit_id == CustomerCredit.id
        )
        earned = session.scalar(got.where(mine, Referral.state == ReferralState.EARNED.value)) or 0
        rows = page_of(session, select(Referral.id, Referral.at, Referral.state).where(mine), Referral.id,
                       whole_rows=True)  # fmt: skip
    if rules is None:
        abort(404)
    link = code.code if code is not None else ""
    if not link and login is not None and login.visit is None:
        with writing(current_ctx()) as tx:
            link = make_code(tx, customer_id).code
    return page(
        "customer/friends.html", me=me, rules=rules, link=_address(link), rows=rows, counts=counts, earned=earned,
        states=_STATES,
    )  # fmt: skip


def _address(code: str) -> str:
    return outside(url_for("storefront.follow_friend", code=code)) if code else ""
