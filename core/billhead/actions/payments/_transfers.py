"""Money that a person has seen arrive: through which account it may be booked, and that it is booked once."""

from sqlalchemy import select

from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.payments import GatewayAccount, Payment, UnassignedMoney
from billhead.plugin_host import plugins

__all__ = ["manual_account", "new_reference"]


def manual_account(tx: Tx, account_id: int, seller_id: int | None = None) -> GatewayAccount:
    """Raises NotFound (also for another seller's), or Conflict when its gateway reports payments by itself."""
    account = tx.session.get(GatewayAccount, account_id)
    if account is None or (seller_id is not None and account.seller_id != seller_id):
        raise NotFound("payment account", account_id)
    if not plugins().gateway(account.gateway).capabilities().confirmed_by_staff:
        raise Conflict(f"{account.name} reports payments by itself", hint="look the payment up instead")
    return account


def new_reference(tx: Tx, account_id: int, reference: str) -> str:
    """The reference without blanks around it. Raises InvalidInput (none), or Conflict when it is booked already."""
    reference = reference.strip()
    if not reference:
        raise InvalidInput("reference", "is needed, so that the same transfer is never booked twice")
    booked = select(Payment.id).where(Payment.account_id == account_id, Payment.provider_ref == reference)
    waits = select(UnassignedMoney.id).where(
        UnassignedMoney.account_id == account_id, UnassignedMoney.provider_ref == reference
    )
    if tx.session.scalar(booked) is not None or tx.session.scalar(waits) is not None:
        raise Conflict(f"a transfer with reference {reference!r} is booked already", code="booked_already")
    return reference
