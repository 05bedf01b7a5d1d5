"""What the server's invoices and pull payments mean. What has come is counted payment by payment, never taken from a
message, and only what is confirmed counts.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

from billhead.plugin import AttemptState, Outcome
from billhead_btcpay.amounts import number, to_money, worth
from billhead_btcpay.client import Json

__all__ = ["NAMED", "REFERENCE", "key_of", "of_invoice", "of_pull_payment", "refund_key_of"]

REFERENCE = "billhead_reference"
"""Our reference in an invoice's metadata. `orderId` says it too, but visitors of a store's pages can set that."""

NAMED = "Refund "
"""How the pull payment of a refund is called, before the refund's key."""

_LEAST = Decimal("0.00000001")
"""A satoshi. Coins with finer units are rounded by less."""

_OPEN_CLAIMS = frozenset({"AwaitingApproval", "AwaitingPayment", "InProgress"})


def key_of(invoice: Json) -> str:
    """Our reference; "" for an invoice that Billhead did not make."""
    about = invoice.get("metadata")
    key = about.get(REFERENCE) if isinstance(about, dict) else None
    return key if isinstance(key, str) else ""


def of_invoice(invoice: Json, methods: Sequence[Json]) -> Outcome:
    """An invoice and its payment methods, which list the payments.

    Expired is no end: what is confirmed of it counts, in part or late, and the server watches for more until its
    monitoring ends. A payment that is not confirmed yet may still be replaced.
    """
    came = _came(invoice, methods)
    status, more = invoice.get("status"), invoice.get("additionalStatus")
    state, code = AttemptState.UNKNOWN, ""
    match status:
        case "New":
            state = AttemptState.REQUIRES_ACTION
        case "Processing":
            state = AttemptState.PROCESSING
        case "Settled":
            waits = more != "Marked" and came.pending and not came.covers(invoice)
            state = AttemptState.PROCESSING if waits else AttemptState.SUCCEEDED
        case "Expired":
            state = came.after_expiry()
        case "Invalid":
            # coins that came are somebody's, also those that confirm after all: a person decides, at the server
            held = came.confirmed or (came.pending and more != "Marked")
            state = AttemptState.UNKNOWN if held and more != "Marked" else AttemptState.FAILED
            code = "invalid_but_paid" if held else "invalid"
    return Outcome(
        state,
        provider_ref=str(invoice.get("id") or ""),
        amount=to_money(came.counted(invoice), invoice.get("currency")) if state is AttemptState.SUCCEEDED else None,
        code=code,
        action_url=_link(invoice.get("checkoutLink")) if state is AttemptState.REQUIRES_ACTION else "",
        as_paid=True,
        watched_until=_moment(invoice.get("monitoringExpiration")) if status not in ("Settled", "Invalid") else None,
    )


class _Came:
    """The payments of an invoice: what is settled, in its currency (None: the figures can't be read).

    `units` has for each settled payment what a least unit of its coin is worth.
    """

    def __init__(self, settled: Decimal | None, pending: bool, units: Sequence[Decimal]) -> None:
        self.settled, self.pending, self.units = settled, pending, units

    @property
    def confirmed(self) -> bool:
        return self.settled is None or self.settled > 0

    def covers(self, invoice: Json) -> bool:
        asked = number(invoice.get("amount"))
        return asked is not None and self.settled is not None and self.settled >= asked

    def after_expiry(self) -> AttemptState:
        """The server still says "paid in part" or "late" when the payer has taken those coins back: nothing came."""
        if self.pending:
            return AttemptState.PROCESSING
        if self.settled is None:
            return AttemptState.UNKNOWN
        return AttemptState.SUCCEEDED if self.settled > 0 else AttemptState.EXPIRED

    def counted(self, invoice: Json) -> Decimal | None:
        """What is booked. Who marks an invoice as settled by hand says that all of it is there.

        "None" says that it was not over when it was settled: the least unit of a coin may be worth more than the
        currency's least unit. What came after that leaves it "None", and is counted.
        """
        asked, more = number(invoice.get("amount")), invoice.get("additionalStatus")
        if invoice.get("status") == "Settled" and asked is not None:
            if more == "Marked":
                return max(asked, self.settled or Decimal(0))
            if more == "None" and self.settled is not None and self.settled > asked:
                return asked if self._rounded(invoice, self.settled - asked) else self.settled
        return self.settled

    def _rounded(self, invoice: Json, over: Decimal) -> bool:
        """One payment settled it, or what is over comes of the units alone."""
        least = to_money(Decimal(0), invoice.get("currency"))
        return least is None or len(self.units) < 2 or over < max(replace(least, minor=1).decimal(), *self.units)


def _came(invoice: Json, methods: Sequence[Json]) -> _Came:
    settled: Decimal | None = Decimal(0)
    units: list[Decimal] = []
    pending = False
    for method in methods:
        for payment in _payments(method):
            status = payment.get("status")
            pending = pending or status == "Processing"
            if status == "Settled":
                part = worth(payment, method.get("rate"))
                units.append(_LEAST * (number(method.get("rate")) or 0))
                with localcontext(prec=120):
                    settled = settled + part if settled is not None and part is not None else None
    return _Came(settled, pending, units)


def _payments(method: Json) -> list[Json]:
    listed = method.get("payments")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


# -- refunds


def refund_key_of(pull_payment: Json) -> str:
    """The refund's key; "" for a pull payment that Billhead did not make."""
    name = pull_payment.get("name")
    return name.removeprefix(NAMED) if isinstance(name, str) and name.startswith(NAMED + "pay") else ""


def of_pull_payment(pull_payment: Json, claims: Sequence[Json]) -> Outcome:
    """Money leaves when the payer has claimed it and the claim is paid, at once or in several claims.

    One that was archived without a claim gives nothing any more. What was archived half claimed is for a person.
    """
    amount, currency = number(pull_payment.get("amount")), pull_payment.get("currency")
    paid, code = _paid(claims, currency), ""
    under_way = any(claim.get("state") in _OPEN_CLAIMS for claim in claims)
    state = AttemptState.PROCESSING
    if amount is None or paid is None:
        state, code = AttemptState.UNKNOWN, "claims_not_readable"
    elif paid >= amount > 0:
        state = AttemptState.SUCCEEDED
    elif pull_payment.get("archived") is True and not under_way:
        state, code = (AttemptState.UNKNOWN, "claimed_in_part") if paid else (AttemptState.FAILED, "not_claimed")
    return Outcome(
        state,
        provider_ref=str(pull_payment.get("id") or ""),
        amount=to_money(amount, currency),
        code=code,
        action_url=_link(pull_payment.get("viewLink")),
    )


def _paid(claims: Sequence[Json], currency: object) -> Decimal | None:
    paid = Decimal(0)
    for claim in claims:
        if claim.get("state") != "Completed":
            continue
        part = number(claim.get("originalAmount"))
        if part is None or claim.get("originalCurrency") != currency:
            return None
        paid += part
    return paid


def _link(told: object) -> str:
    return told if isinstance(told, str) and told.startswith(("https://", "http://")) else ""


def _moment(told: Any) -> datetime | None:
    if isinstance(told, bool) or not isinstance(told, int) or not 0 < told < 2**33:
        return None
    return datetime.fromtimestamp(told, UTC)
