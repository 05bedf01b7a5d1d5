"""A payout that staff have booked did not stay at the bank: it was sent back, or was booked by mistake."""

from datetime import date

from billhead import clock
from billhead.actions.ledger._reversing import reverse
from billhead.actions.payments._payouts import held_by
from billhead.actions.payments.book_payout import PayoutBooked
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.periods import local_date
from billhead.models.payments import GatewayAccount, Payout
from billhead.models.sellers import Seller

__all__ = ["return_payout"]


@verb("payments.return_payout", permission="payments.write")
def return_payout(tx: Tx, payout_id: int, *, on: date | None = None) -> PayoutBooked:
    """The opposite of its entry, fee included: the provider holds the money again. Once; why is the context's reason.

    `on` is the day in the seller's zone, today if it is not said. Raises NotFound, InvalidInput, and Conflict: it is
    returned already, or its provider told of it and tells of its return too.
    """
    row = tx.session.get(Payout, payout_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("payout", payout_id)
    account = tx.session.get_one(GatewayAccount, row.account_id)
    if not row.by_hand or row.entry_id is None:
        raise Conflict(f"{account.name} tells of the return of its payouts by itself", code="told_by_gateway")
    if row.state != "paid":
        raise Conflict(f"payout {row.provider_ref!r} is returned already", code="returned_already")
    because = tx.ctx.reason.strip()
    if not because:
        raise InvalidInput("reason", "is needed: what the bank or the provider says")
    zone = tx.session.get_one(Seller, account.seller_id).zone
    day = on or clock.today_in(zone)
    if not local_date(row.paid_at, zone) <= day <= clock.today_in(zone):
        raise InvalidInput("on", "must be a day since it was paid out, and not one to come")
    row.state, row.returned_at, row.returned_because = "returned", clock.business_now(), because[:500]
    reverse(tx, row.entry_id, "payout_returned", day, f"payout_returned:{row.id}")
    told = {"payout_id": row.id, "reference": row.provider_ref}
    note(tx, f"gateway_account:{account.id}", **told)
    held = held_by(tx.session, account, row.currency)
    return PayoutBooked(row.id, row.amount_minor, row.fee_minor, row.currency, held.minor)
