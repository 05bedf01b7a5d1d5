"""`billhead money`: credit notes, refunds, void and write-off, each with `--dry-run` that shows the figures."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click
from sqlalchemy import select

from billhead.actions.documents._place_credit import WAYS
from billhead.actions.documents.issue_credit_note import Correction, issue_credit_note
from billhead.actions.documents.place_credit import PLACES, place_credit
from billhead.actions.documents.void_document import void_document
from billhead.actions.documents.write_off import write_off
from billhead.actions.payments.book_payout import PayoutBooked, book_payout
from billhead.actions.payments.refund import DESTINATIONS, refund
from billhead.actions.payments.return_payout import return_payout
from billhead.actions.payments.send_refund import send_refund
from billhead.actions.rehearse import rehearse
from billhead.cli import in_app, json_option, show
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.whole_number import whole_number
from billhead.models.documents import Document, DocumentLine
from billhead.models.payments import GatewayAccount, Payment, Payout, Refund

__all__ = ["group"]

T = TypeVar("T")

_reason = click.option("--reason", required=True, help="Why; kept in the audit trail, and printed on a credit note.")
_dry = click.option("--dry-run", is_flag=True, help="Show what would happen, to the cent, and do nothing.")


@click.group()
def group() -> None:
    """Money back, corrections and payouts: credit-note, refund, void, write-off, payout, payout-returned, refunds."""


def _done(act: Callable[[Tx], T], reason: str, dry_run: bool) -> T:
    ctx = Context.system("cli:money", reason=reason)
    if dry_run:
        return rehearse(ctx, act)
    with writing(ctx) as tx:
        return act(tx)


def _document(number: str) -> Document:
    """By its printed number, or by its id where that is only digits."""
    with reading() as session:
        row = session.scalar(select(Document).where(Document.number_text == number))
        if row is None and (key := whole_number(number)) is not None:
            row = session.get(Document, key)
    if row is None:
        raise NotFound("document", number)
    return row


def _told(result: Any, dry_run: bool, **more: Any) -> dict[str, Any]:
    return {"dry_run": dry_run, **asdict(result), **more}


@group.command("credit-note")
@click.argument("number")
@_reason
@click.option("--line", type=int, help="Position of the line that is corrected; without it all that is left.")
@click.option("--amount", default="", help="With tax, like 5.00; without it all that is left of the line.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Give back the line's days from this one on.")
@click.option("--way", type=click.Choice(WAYS), default="credit", show_default=True, help="What was paid.")
@_dry
@json_option
@in_app
def credit_note(
    number: str, reason: str, line: int | None, amount: str, since: Any, way: str, dry_run: bool, as_json: bool
) -> None:
    """Correct the invoice NUMBER by a credit note."""
    invoice = _document(number)
    if (amount or since) and line is None:
        raise InvalidInput("line", "is needed: which line the amount or the days are given back of")
    wishes: list[Correction] = []
    if line is not None:
        minor = Money.parse(amount, invoice.currency).minor if amount else None
        wishes = [Correction(_line_id(invoice, line), minor, since=since.date() if since else None)]
    made = _done(lambda tx: issue_credit_note(tx, invoice.id, wishes, reason=reason, way=way), reason, dry_run)
    shown = {name: str(Money(minor, invoice.currency)) for name, minor in asdict(made).items() if name in _AMOUNTS}
    title = "Would be issued" if dry_run else f"{made.number_text} is issued"
    show(_told(made, dry_run, currency=invoice.currency), as_json, [title, *(f"{k}: {v}" for k, v in shown.items())])


@group.command("place-credit")
@click.argument("number")
@_reason
@click.option("--way", type=click.Choice(PLACES), default="credit", show_default=True, help="What waits.")
@_dry
@json_option
@in_app
def place_what_waits(number: str, reason: str, way: str, dry_run: bool, as_json: bool) -> None:
    """Place what waits on the credit note NUMBER: what is owed first, then as credit or back to its source."""
    note = _document(number)
    placed = _done(lambda tx: place_credit(tx, note.id, way), reason, dry_run)
    shown = {name: str(Money(minor, note.currency)) for name, minor in asdict(placed).items() if name in _AMOUNTS}
    title = "Would be placed" if dry_run else f"What waited on {note.number_text} is placed"
    show(_told(placed, dry_run, currency=note.currency), as_json, [title, *(f"{k}: {v}" for k, v in shown.items())])


_AMOUNTS = ("net_minor", "tax_minor", "total_minor", "on_documents", "credited", "refunded", "kept")


def _line_id(invoice: Document, position: int) -> int:
    with reading() as session:
        found = session.scalar(
            select(DocumentLine.id).where(DocumentLine.document_id == invoice.id, DocumentLine.position == position)
        )
    if found is None:
        raise NotFound("line", f"{position} on {invoice.number_text or invoice.id}")
    return found


@group.command("refund")
@click.argument("payment_id", type=int)
@click.argument("amount")
@_reason
@click.option("--to", type=click.Choice(DESTINATIONS), default="source", show_default=True)
@_dry
@json_option
@in_app
def refund_payment(payment_id: int, amount: str, reason: str, to: str, dry_run: bool, as_json: bool) -> None:
    """Give AMOUNT of a payment back, and send it."""
    with reading() as session:
        payment = session.get(Payment, payment_id)
    if payment is None:
        raise NotFound("payment", payment_id)
    minor = Money.parse(amount, payment.currency).minor
    made = _done(lambda tx: refund(tx, payment_id, minor, to, reason=reason), reason, dry_run)
    state = ""
    if made.refund_id is not None and not dry_run:
        state = send_refund(Context.system("cli:money", reason=reason), made.refund_id)
    lines = [f"{Money(made.amount_minor, payment.currency)} {'would go' if dry_run else 'go'} to {to}"]
    lines += [f"document {key}: {Money(owed, payment.currency)} owed again" for key, owed in made.reopened.items()]
    show(_told(made, dry_run, state=state), as_json, lines + ([f"refund: {state}"] if state else []))


@group.command("void")
@click.argument("number")
@_reason
@json_option
@in_app
def void(number: str, reason: str, as_json: bool) -> None:
    """Void the document NUMBER (or an id), on which nothing is paid. No run bills the time of an invoice again."""
    row = _document(number)
    voided = _done(lambda tx: void_document(tx, row.id, reason=reason), reason, dry_run=False)
    show(asdict(voided), as_json, [f"{voided.number_text or row.id} is void."])


@group.command("write-off")
@click.argument("number")
@_reason
@_dry
@json_option
@in_app
def give_up(number: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Give up on what is owed on the invoice NUMBER."""
    row = _document(number)
    lost = _done(lambda tx: write_off(tx, row.id, reason=reason), reason, dry_run)
    said = f"{Money(lost.lost_minor, row.currency)} {'would be' if dry_run else 'are'} written off."
    show(_told(lost, dry_run, currency=row.currency), as_json, [said])


@group.command("payout")
@click.argument("account")
@click.argument("amount")
@click.argument("currency")
@click.option("--reference", required=True, help="The bank's or the provider's; the same one is booked once.")
@click.option("--fee", default="", help="What was kept for it, like 0.25.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day; without it today.")
@click.option("--more-than-held", is_flag=True, help="Also if the books say that the provider holds less.")
@_reason
@_dry
@json_option
@in_app
def payout(
    account: str, amount: str, currency: str, reference: str, fee: str, on: Any, more_than_held: bool, reason: str,
    dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Book that AMOUNT of the gateway account with the code ACCOUNT has come to the bank."""
    with reading() as session:
        account_id = session.scalar(select(GatewayAccount.id).where(GatewayAccount.code == account))
    if account_id is None:
        raise NotFound("gateway account", account)
    came = Money.parse(amount, currency.upper())
    kept = Money.parse(fee, came.currency).minor if fee else 0
    day = on.date() if on else None

    def act(tx: Tx) -> PayoutBooked:
        return book_payout(
            tx, account_id, came.minor, came.currency, reference, fee_minor=kept, on=day, more_than_held=more_than_held
        )

    made = _done(act, reason, dry_run)
    said = f"{came} {'would be' if dry_run else 'are'} booked; {Money(made.held_minor, came.currency)} are held then."
    show(_told(made, dry_run), as_json, [said])


@group.command("payout-returned")
@click.argument("account")
@click.argument("reference")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day; without it today.")
@_reason
@_dry
@json_option
@in_app
def payout_returned(account: str, reference: str, on: Any, reason: str, dry_run: bool, as_json: bool) -> None:
    """Book back the payout with this REFERENCE that was booked by hand: it did not stay at the bank."""
    query = select(Payout.id).join(GatewayAccount, GatewayAccount.id == Payout.account_id)
    with reading() as session:
        key = session.scalar(query.where(GatewayAccount.code == account, Payout.provider_ref == reference))
    if key is None:
        raise NotFound("payout", reference)
    made = _done(lambda tx: return_payout(tx, key, on=on.date() if on else None), reason, dry_run)
    said = f"{Money(made.held_minor, made.currency)} are held {'then' if dry_run else 'again'}."
    show(_told(made, dry_run), as_json, [said])


@group.command("refunds")
@click.option("--state", default="", help="created, processing, unknown, succeeded, failed or reversed")
@json_option
@in_app
def refunds(state: str, as_json: bool) -> None:
    """The newest 200 refunds."""
    query = select(Refund, Payment.currency).join(Payment, Payment.id == Refund.payment_id).order_by(Refund.id.desc())
    if state:
        query = query.where(Refund.state == state)
    with reading() as session:
        rows = [
            {
                "refund_id": row.id,
                "payment_id": row.payment_id,
                "key": row.key,
                "amount": str(Money(row.amount_minor, currency)),
                "state": row.state,
                "reason": row.reason,
            }
            for row, currency in session.execute(query.limit(200))
        ]
    lines = [f"{row['key']:24} {row['amount']:>14} {row['state']:10} {row['reason']}" for row in rows]
    show({"refunds": rows}, as_json, lines or ["There is no refund."])
