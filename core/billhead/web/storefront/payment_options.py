"""The ways to pay that a seller offers in a currency, and what each asks the payer for."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.payments._asked_for import cleaned
from billhead.db import reading
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.whole_number import whole_number
from billhead.models.payments import GatewayAccount
from billhead.models.people import Customer
from billhead.plugin import CheckoutField
from billhead.plugin_host import gateway_abilities, plugins
from billhead.web.errors import reason, status_of
from billhead.web.own_words import own_word
from billhead.web.request_context import signed_in
from billhead.web.speaking import say

__all__ = [
    "Asked",
    "Option",
    "by_hand",
    "check_fields",
    "chosen_account",
    "explained",
    "not_begun",
    "options_for",
    "typed_fields",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """One input beside the choice: `name` in the form, and what stands in it."""

    name: str
    field: CheckoutField
    value: str


@dataclass(frozen=True, slots=True)
class Option:
    account_id: int
    name: str
    can_save: bool
    by_hand: bool
    asks: Sequence[Asked] = ()


def options_for(session: Session, seller_id: int, currency: str) -> list[Option]:
    """Enabled accounts that take the currency and whose gateway is there and lacks nothing, in the operator's order."""
    accounts = session.scalars(
        select(GatewayAccount)
        .where(GatewayAccount.seller_id == seller_id, GatewayAccount.enabled, GatewayAccount.paused_because == "")
        .order_by(GatewayAccount.position, GatewayAccount.id)
    )
    found = []
    for account in accounts:
        if account.currencies and currency not in account.currencies:
            continue
        try:
            gateway = plugins().gateway(account.gateway)
        except NotFound:
            continue  # its plugin is switched off: `plugins doctor` says so
        able = gateway.capabilities()
        if (able.steps and currency not in able.steps) or gateway.lacks():
            continue
        fields = gateway.checkout_fields()
        asks = _asks(account.id, fields, _known(session)) if fields else []
        found.append(Option(account.id, own_word(account.name), able.save, able.confirmed_by_staff, asks))
    return found


def _known(session: Session) -> dict[str, str]:
    """What fields are filled in with: of who is signed in, and nothing for a visitor."""
    login = signed_in()
    if login is None or login.customer_id is None:
        return {}
    customer = session.get_one(Customer, login.customer_id)
    return {"phone": customer.phone, "email": customer.email, "name": customer.name}


def _asks(account_id: int, fields: Sequence[CheckoutField], known: dict[str, str]) -> list[Asked]:
    named = [(f"field-{account_id}-{one.name}", one) for one in fields]
    typed = {name: request.form.get(name, known.get(one.prefill, "")) for name, one in named if not one.secret}
    return [Asked(name, one, typed.get(name, "")) for name, one in named]


def chosen_account() -> int | None:
    """The payment option that the form names; None where it names none."""
    return whole_number(request.form.get("account", ""))


def typed_fields(account_id: int) -> dict[str, str]:
    """What the payer has typed beside this option."""
    start = f"field-{account_id}-"
    return {name.removeprefix(start): text for name, text in request.form.items() if name.startswith(start)}


def check_fields(session: Session, account_id: int) -> None:
    """Raises InvalidInput where what was typed is wrong: before an order is written that could not be paid at once."""
    account = session.get(GatewayAccount, account_id)
    if account is not None:
        cleaned(plugins().gateway(account.gateway), typed_fields(account_id))


def explained(session: Session, account_id: int, code: str) -> str:
    """The gateway's words about why nothing was paid, in the payer's language; "" where it has none."""
    account = session.get(GatewayAccount, account_id)
    try:
        return say(plugins().gateway(account.gateway).explain(code)) if account is not None else ""
    except NotFound:
        return ""


def not_begun(account_id: int, refused: BillheadError) -> tuple[str, int]:
    """What a payer is told, and the status: also when the provider could not be asked, or did not take the request."""
    status = status_of(refused)
    if status < 500:
        return reason(refused), status
    with reading() as session:
        told = explained(session, account_id, refused.code)
    return told or say("This way to pay can't be reached now. Nothing was charged."), status


def by_hand(session: Session, account_id: int) -> bool:
    """Whether staff book what comes through the account."""
    return gateway_abilities(session.get_one(GatewayAccount, account_id).gateway).confirmed_by_staff
