"""Staff book what a provider has sent to the bank, where it sends no message of it: PayPal, M-Pesa, a cash office."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select

from billhead import clock
from billhead.actions.ledger.post import post
from billhead.actions.payments._payouts import held_by
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.ledger import AccountCode, Posting, credit, debit
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, Payout
from billhead.models.sellers import Seller
from billhead.plugin_host import tells_payouts

__all__ = ["PayoutBooked", "book_payout"]


@dataclass(frozen=True, slots=True)
class PayoutBooked:
    """`held_minor` is what clearing holds after it."""

    payout_id: int
    amount_minor: int
    fee_minor: int
    currency: str
    held_minor: int


@verb("payments.book_payout", permission="payments.write")
def book_payout(
    tx: Tx, account_id: int, amount_minor: int, currency: str, reference: str, *, fee_minor: int = 0,
    on: date | None = None, more_than_held: bool = False,
) -> PayoutBooked:  # fmt: skip
    """D cash, D fees, C clearing: so much has come to the bank, and a fee was kept for it. Once per reference.

    `on` is the day in the seller's zone, today if it is not said. Raises NotFound, InvalidInput, and Conflict: the
    gateway tells of its payouts, it is booked already, or it is more than the books say that the provider holds
    (`more_than_held` is the yes to that).
    """
    account = tx.session.get(GatewayAccount, account_id, with_for_update=True)
    if account is None:
        raise NotFound("gateway account", account_id)
    if tells_payouts(account):
        raise Conflict(
            f"{account.name} tells of its payouts by itself",
            code="told_by_gateway",
            hint="look for it under Payouts; where it is not there, send its message again at the provider",
        )
    seller, reference = tx.session.get_one(Seller, account.seller_id), reference.strip()
    day = on or clock.today_in(seller.zone)
    _proper(amount_minor, fee_minor, reference, day, clock.today_in(seller.zone))
    known = select(Payout.id).where(Payout.account_id == account_id, Payout.provider_ref == reference)
    if tx.session.scalar(known) is not None:
        raise Conflict(f"a payout with reference {reference!r} is booked already", code="booked_already")
    held, out = held_by(tx.session, account, currency), Money(amount_minor + fee_minor, currency)
    if out.minor > held.minor and not more_than_held:
        raise Conflict(
            f"the books say that {held} are held there, and {out} are to leave",
            code="more_than_held",
            hint="compare it with the provider’s statement; a payment or a fee may be missing here",
        )
    row = Payout(
        account_id=account.id, provider_ref=reference, amount_minor=amount_minor, fee_minor=fee_minor,
        currency=currency, state="paid", by_hand=True,
        paid_at=datetime.combine(day, time(), ZoneInfo(seller.zone)).astimezone(UTC),
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    subject = f"gateway:{account.id}"
    legs: list[Posting] = [debit(AccountCode.CASH, Money(amount_minor, currency), subject)]
    if fee_minor:
        legs.append(debit(AccountCode.FEES, Money(fee_minor, currency), subject))
    legs.append(credit(AccountCode.CLEARING, out, subject))
    row.entry_id = post(tx, seller.id, "payout", day, f"payout:{row.id}", legs)
    note(tx, f"gateway_account:{account.id}", payout_id=row.id, reference=reference)
    return PayoutBooked(row.id, amount_minor, fee_minor, currency, (held - out).minor)


def _proper(amount_minor: int, fee_minor: int, reference: str, day: date, today: date) -> None:
    if amount_minor <= 0:
        raise InvalidInput("amount", "must be above zero: what has come to the bank")
    if fee_minor < 0:
        raise InvalidInput("fee", "can't be below zero")
    if not reference or len(reference) > 140:
        raise InvalidInput("reference", "is needed, of at most 140 letters, so that it is not booked twice")
    if day > today:
        raise InvalidInput("on", "is still to come")
