"""`billhead customers`: add one, let one sign in, write to one elsewhere, and its price group."""

import click

from billhead.actions.accounts._price_groups import means_of
from billhead.actions.accounts.add_customer import NewCustomer, add_customer
from billhead.actions.accounts.invite_customer import invite_customer
from billhead.actions.accounts.set_customer_email import set_customer_email
from billhead.actions.accounts.set_price_group import set_price_group
from billhead.actions.accounts.update_profile import Profile
from billhead.actions.subscriptions.set_billing_day import preview_billing_day, set_billing_day
from billhead.cli import in_app, json_option, show
from billhead.cli._seller import seller_of
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.people import Customer

__all__ = ["group"]

_reason = click.option("--reason", default="", help="Stands in the audit trail.")


@click.group()
def group() -> None:
    """Customers: add, invite, set-email, set-price-group, billing-day."""


@group.command()
@click.argument("email")
@click.option("--name", required=True, help="As it should stand on invoices.")
@click.option("--country", default="", help="Two letters; without it the seller's.")
@click.option("--currency", default="", help="Without it the seller's.")
@click.option("--language", default="en", show_default=True)
@click.option("--group", "price_group", default="", help="Whose price books are open to it beside everybody's.")
@click.option("--company", default="")
@click.option("--vat-id", default="", help="Its register is asked by a job.")
@click.option("--phone", default="")
@click.option("--zone", default="", help="Like Europe/Helsinki; without it the seller's.")
@click.option("--seller", "code", default="", help="Its code; the only one where there is one.")
@click.option("--invite", is_flag=True, help="Mail a link to set a password.")
@_reason
@json_option
@in_app
def add(
    email: str, name: str, country: str, currency: str, language: str, price_group: str, company: str, vat_id: str,
    phone: str, zone: str, code: str, invite: bool, reason: str, as_json: bool,
) -> None:  # fmt: skip
    """Add a customer."""
    with writing(Context.system("cli:customers", reason=reason)) as tx:
        seller = seller_of(tx.session, code)
        profile = Profile(name, company, phone, "", "", "", country or seller.country, vat_id, zone=zone or seller.zone)
        wanted = NewCustomer(email, profile, currency, language, price_group, invite)
        made = add_customer(tx, seller.id, wanted)
    told = f"Customer {made.customer_id}{', who is mailed a link to set a password' if invite else ''}."
    show({"customer_id": made.customer_id, "email": email}, as_json, [told])


@group.command()
@click.argument("customer", type=int)
@_reason
@json_option
@in_app
def invite(customer: int, reason: str, as_json: bool) -> None:
    """Mail a link to set a first password."""
    with writing(Context.system("cli:customers", reason=reason)) as tx:
        invited = invite_customer(tx, customer)
    show({"customer_id": customer, "user_id": invited.user_id}, as_json, ["The link is on its way."])


@group.command("set-email")
@click.argument("customer", type=int)
@click.argument("email")
@click.option("--reason", required=True, help="Stands in the audit trail.")
@json_option
@in_app
def set_email(customer: int, email: str, reason: str, as_json: bool) -> None:
    """Give a customer another e-mail address, at once."""
    with writing(Context.system("cli:customers", reason=reason)) as tx:
        set_customer_email(tx, customer, email)
    show({"customer_id": customer, "email": email}, as_json, ["Changed. The address of before is told."])


@group.command("set-price-group")
@click.argument("customer", type=int)
@click.argument("price_group", metavar="GROUP")
@click.option("--reason", required=True, help="Stands in the audit trail.")
@json_option
@in_app
def put_into_group(customer: int, price_group: str, reason: str, as_json: bool) -> None:
    """Put a customer into a price group; "" is everybody's. Its prices hold from the next order on."""
    with writing(Context.system("cli:customers", reason=reason)) as tx:
        done = set_price_group(tx, customer, price_group)
        (means,) = means_of(tx.session, tx.session.get_one(Customer, customer), [done.price_group])
    tables = [name or "defaults of the house" for name in means.dunning]
    told = f"Price books beside everybody's: {', '.join(means.books) or 'none'}. Dunning: {', '.join(tables)}."
    show(
        {"customer_id": customer, "price_group": done.price_group, "books": means.books, "dunning": tables},
        as_json,
        [told],
    )


@group.command("billing-day")
@click.argument("customer", type=int)
@click.argument("day", type=click.IntRange(0, 31))
@click.option("--preview", is_flag=True, help="Show who moves and what each part until the day costs, and do nothing.")
@_reason
@json_option
@in_app
def bill_on_one_day(customer: int, day: int, preview: bool, reason: str, as_json: bool) -> None:
    """Bill all subscriptions on one DAY of the month; 0: each on the day that it has then."""
    ctx = Context.system("cli:customers", reason=reason)
    if not preview:
        with writing(ctx) as tx:
            moved = set_billing_day(tx, customer, day or None).moved
        return show({"customer_id": customer, "moved": moved}, as_json, [f"Set. Subscriptions that move: {moved}."])
    shown = preview_billing_day(ctx, customer, day or None)
    bridges = [
        {"subscription_id": one.subscription_id, "plan": one.plan, "from": one.starts_on and one.starts_on.isoformat(),
         "to": one.ends_on and one.ends_on.isoformat(), "total_minor": one.total_minor, "currency": one.currency,
         "why": one.why}
        for one in shown.bridges
    ]  # fmt: skip
    lines = [f"Subscriptions that move: {shown.moved}."]
    for one in shown.bridges:
        said = one.why or f"{one.starts_on} to {one.ends_on}: {Money(one.total_minor, one.currency)}"
        lines.append(f"{one.subscription_id} ({one.plan}): {said}")
    return show({"customer_id": customer, "moved": shown.moved, "bridges": bridges}, as_json, lines)
