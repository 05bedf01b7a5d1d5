"""A method that is kept: with a payment, or without one. Whichever comes first, callback or look-up, keeps it once."""

from sqlalchemy import select

from billhead import clock
from billhead.actions.payments._card_marks import card_mark
from billhead.actions.payments._method_names import name_method
from billhead.actions.payments._methods import put_first
from billhead.db import Tx
from billhead.domain.errors import AmountMismatch
from billhead.domain.payment import UNRESOLVED, AttemptState, forward
from billhead.models.payments import GatewayAccount, MethodSaving, PaymentMethod
from billhead.models.people import Customer
from billhead.plugin import Outcome, SavedMethod, SavingView, Verified
from billhead.plugin_host import vault

__all__ = ["apply_method", "apply_saving", "keep_method", "saving_view"]


def keep_method(tx: Tx, customer_id: int, account_id: int, saved: SavedMethod) -> PaymentMethod:
    """It becomes the customer's default."""
    method = PaymentMethod(
        customer_id=customer_id,
        account_id=account_id,
        token=vault().encrypt(saved.token),
        label=saved.label,
        expires=saved.expires,
        fingerprint=card_mark(tx.session, saved.fingerprint),
        country=saved.country.upper()[:2],
        created_at=clock.now(),
    )
    name_method(method, tx.session.get_one(GatewayAccount, account_id).gateway, saved)
    tx.session.add(method)
    tx.session.flush()
    put_first(tx, method)
    return method


def saving_view(tx: Tx, row: MethodSaving, return_url: str = "") -> SavingView:
    customer = tx.session.get_one(Customer, row.customer_id)
    return SavingView(
        key=row.key,
        currency=customer.currency,
        customer_ref=f"customer-{customer.id}",
        customer_name=customer.name,
        customer_email=customer.email,
        return_url=return_url,
        cancel_url=return_url,
        provider_ref=row.provider_ref,
    )


def apply_method(tx: Tx, account_id: int, fact: Verified) -> None:
    """What a callback proves of a saving. Raises AmountMismatch for one that nobody began through this account."""
    row = tx.session.scalar(
        select(MethodSaving)
        .where(MethodSaving.key == fact.reference, MethodSaving.account_id == account_id)
        .with_for_update()
    )
    if row is None:
        raise AmountMismatch(f"nobody began to save a method as {fact.reference!r} through this account")
    apply_saving(tx, row, fact.outcome)


def apply_saving(tx: Tx, row: MethodSaving, outcome: Outcome) -> None:
    """Move it forward; the row is locked. Saved without telling what was saved is not saved."""
    before = AttemptState(row.state)
    told = outcome.state
    if told is AttemptState.SUCCEEDED and outcome.method is None:
        told = AttemptState.UNKNOWN
    state = forward(before, told)
    row.provider_ref = outcome.provider_ref or row.provider_ref
    if state is before:
        return
    row.state = state.value
    if state not in UNRESOLVED:
        row.resolved_at = clock.business_now()
    if state is AttemptState.SUCCEEDED and outcome.method is not None:
        row.method_id = keep_method(tx, row.customer_id, row.account_id, outcome.method).id
