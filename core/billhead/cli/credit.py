"""`billhead credit`: what a customer has to spend, given and taken back, as from a script after an outage."""

from datetime import date

import click

from billhead.actions.credits._charged_back import charged_back_debt
from billhead.actions.credits._history import credit_history
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.credits.take_credit import take_credit
from billhead.cli import in_app, json_option, show
from billhead.cli._dates import DATE
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.models.people import Customer

__all__ = ["group"]


@click.group()
def group() -> None:
    """Credit of customers: show, grant, take."""


@group.command("show")
@click.argument("customer", type=int)
@json_option
@in_app
def tell(customer: int, as_json: bool) -> None:
    """What a customer has to spend, and what came and went, the oldest first."""
    with reading() as session:
        row = session.get(Customer, customer)
        if row is None:
            raise NotFound("customer", customer)
        there = usable_credit(session, row, row.currency) - Money(
            charged_back_debt(session, customer, row.currency), row.currency
        )
        history = credit_history(session, customer)
    movements = [
        {"day": one.day.isoformat(), "what": one.what, "about": one.about, "amount_minor": one.minor,
         "currency": one.currency, "balance_minor": one.balance_minor}
        for one in history
    ]  # fmt: skip
    facts = {"customer_id": customer, "currency": row.currency, "to_spend_minor": there.minor, "movements": movements}
    lines = [f"{one.day}  {Money(one.minor, one.currency)!s:>14}  {one.what} {one.about}".rstrip() for one in history]
    show(facts, as_json, [f"To spend: {there}.", *lines])


@group.command("grant")
@click.argument("customer", type=int)
@click.argument("amount")
@click.option("--reason", required=True, help="What it is for: the customer reads it.")
@click.option("--expires-on", type=DATE, help="The first day on which it can't be used any more.")
@json_option
@in_app
def give(customer: int, amount: str, reason: str, expires_on: date | None, as_json: bool) -> None:
    """Give AMOUNT, like 5.00, in the customer's currency. It pays open invoices at once."""
    money = _amount(customer, amount)
    with writing(Context.system("cli:credit", reason=reason)) as tx:
        given = grant_credit(tx, customer, money, reason, expires_on)
    left = Money(given.remaining_minor, money.currency)
    facts = {"customer_id": customer, "customer_credit_id": given.customer_credit_id, "amount_minor": money.minor,
             "remaining_minor": left.minor, "currency": money.currency}  # fmt: skip
    show(facts, as_json, [f"{money} given; {left} of it is left after what was owed."])


@group.command("take")
@click.argument("customer", type=int)
@click.argument("amount")
@click.option("--reason", required=True, help="Stands in the audit trail.")
@json_option
@in_app
def take_back(customer: int, amount: str, reason: str, as_json: bool) -> None:
    """Take AMOUNT of what was given and not spent: all of it, or nothing."""
    money = _amount(customer, amount)
    with writing(Context.system("cli:credit", reason=reason)) as tx:
        taken = take_credit(tx, customer, money)
    facts = {"customer_id": customer, "taken_minor": taken.taken_minor, "currency": money.currency}
    show(facts, as_json, [f"{money} taken back."])


def _amount(customer: int, text: str) -> Money:
    with reading() as session:
        row = session.get(Customer, customer)
        if row is None:
            raise NotFound("customer", customer)
    try:
        return Money.parse(text, row.currency)
    except InvalidInput as refused:
        raise InvalidInput("amount", refused.why) from refused
