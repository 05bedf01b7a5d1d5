"""`billhead tax`: ask a register about a customer's VAT id, and show what was asked and answered."""

import click
from sqlalchemy import select

from billhead.actions.accounts.check_vat_id import check_vat_id as ask
from billhead.cli import in_app, json_option, show
from billhead.db import reading
from billhead.domain.context import Context
from billhead.models.tax import TaxIdCheck

__all__ = ["group"]


@click.group()
def group() -> None:
    """Tax: VAT ids. The figures are reports: billhead report tax."""


@group.command("check-vat-id")
@click.argument("customer_id", type=int)
@json_option
@in_app
def check_vat_id(customer_id: int, as_json: bool) -> None:
    """Ask now whether the VAT id of a customer exists. Exit code 1 if nobody answered."""
    checked = ask(Context.system("cli:tax"), customer_id)
    told = {"customer_id": customer_id, "state": checked.state, "said": checked.said, "repriced": checked.repriced}
    lines = [f"{checked.state}: {checked.said}", *(f"order {key} has another tax now" for key in checked.repriced)]
    show(told, as_json, lines)
    if checked.ask_again_in is not None:
        raise SystemExit(1)


@group.command()
@click.argument("customer_id", type=int)
@json_option
@in_app
def checks(customer_id: int, as_json: bool) -> None:
    """Everything that was asked about a customer's VAT ids, newest first."""
    with reading() as session:
        found = session.scalars(
            select(TaxIdCheck).where(TaxIdCheck.customer_id == customer_id).order_by(TaxIdCheck.id.desc())
        ).all()
    rows = [
        {"at": row.at.isoformat(), "vat_id": row.vat_id, "checker": row.checker, "outcome": row.outcome,
         "reference": row.reference, "name": row.name, "error": row.error}
        for row in found
    ]  # fmt: skip
    shown = ("at", "vat_id", "checker", "outcome", "reference", "error")
    lines = [" ".join(row[name] for name in shown if row[name]) for row in rows]
    show({"checks": rows}, as_json, lines or ["Nothing was asked yet."])
