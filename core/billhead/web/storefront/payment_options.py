"""The ways to pay that a seller offers in a currency."""

from dataclasses import dataclass

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.domain.errors import NotFound
from billhead.models.payments import GatewayAccount
from billhead.plugin_host import plugins

__all__ = ["Option", "chosen_account", "options_for"]


@dataclass(frozen=True, slots=True)
class Option:
    account_id: int
    name: str
    can_save: bool
    by_hand: bool


def options_for(session: Session, seller_id: int, currency: str) -> list[Option]:
    """Enabled accounts that take the currency and whose gateway is there, in the operator's order."""
    accounts = session.scalars(
        select(GatewayAccount)
        .where(GatewayAccount.seller_id == seller_id, GatewayAccount.enabled)
        .order_by(GatewayAccount.position, GatewayAccount.id)
    )
    found = []
    for account in accounts:
        if account.currencies and currency not in account.currencies:
            continue
        try:
            able = plugins().gateway(account.gateway).capabilities()
        except NotFound:
            continue  # its plugin is switched off: `plugins doctor` says so
        found.append(Option(account.id, account.name, able.save, able.confirmed_by_staff))
    return found


def chosen_account() -> int | None:
    """The payment option that the form names; None where it names none."""
    text = request.form.get("account", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
