"""What staff do with a reseller: grant, take, pass on, suspend, move its users, remove. Figures first."""

from dataclasses import replace
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers.grant_credits import grant_credits
from billhead.actions.resellers.move_users import move_users, preview_move_users
from billhead.actions.resellers.remove_reseller import preview_remove_reseller, remove_reseller
from billhead.actions.resellers.resume_reseller import resume_reseller
from billhead.actions.resellers.revoke_key import revoke_key
from billhead.actions.resellers.suspend_reseller import preview_suspend_reseller, suspend_reseller
from billhead.actions.resellers.take_credits import take_credits
from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.people import Reseller
from billhead.models.resellers import ResellerKey
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.asking import ReasonForm, asked
from billhead.web.admin.corrections import amount_field
from billhead.web.admin.previewing import PreviewForm, previewed
from billhead.web.admin.reseller_forms import about_reseller, one_reseller, parsed_credits
from billhead.web.formatting import money
from billhead.web.forms import stripped
from billhead.web.speaking import later, say, say_count

__all__: list[str] = []

_NEEDS = "resellers.write"


class CreditsForm(PreviewForm):
    amount = amount_field(later("Credits"))


class GrantForm(CreditsForm):
    cost = StringField(
        later("Paid for them"), filters=[stripped], description=later('Like "125.00 EUR". Empty: a gift.')
    )


@admin.route("/resellers/<int:key>/grant", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def grant_reseller_credits(key: int) -> ResponseReturnValue:
    row, form = one_reseller(key), GrantForm()

    def act(tx: Tx) -> Any:
        return grant_credits(tx, key, parsed_credits("amount", form.amount.data), cost=_cost(form.cost.data))

    question = about_reseller(
        row,
        say("Grant credits to %(name)s", name=row.name),
        say("What it owes on a credit line is paid back first."),
        say("Grant"),
    )
    return previewed(
        question,
        form,
        act,
        _left,
        lambda _ctx, done: say("It has %(money)s now.", money=money(done.balance_minor, CREDITS)),
    )


@admin.route("/resellers/<int:key>/take", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def take_reseller_credits(key: int) -> ResponseReturnValue:
    row, form = one_reseller(key), CreditsForm()

    def act(tx: Tx) -> Any:
        return take_credits(tx, key, parsed_credits("amount", form.amount.data))

    text = say("Only what it has to spend can be taken; it reads the reason in its statement.")
    question = about_reseller(row, say("Take credits from %(name)s", name=row.name), text, say("Take"), danger=True)
    return previewed(
        question,
        form,
        act,
        _left,
        lambda _ctx, done: say("It has %(money)s now.", money=money(done.balance_minor, CREDITS)),
    )


class PassOnForm(CreditsForm):
    to = SelectField(later("To"), validators=[InputRequired()])


@admin.route("/resellers/<int:key>/pass-on", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def pass_credits_on(key: int) -> ResponseReturnValue:
    row, form = one_reseller(key), PassOnForm()
    form.to.choices = _others(row, below_only=True)

    def act(tx: Tx) -> Any:
        return transfer_credits(tx, key, int(form.to.data), parsed_credits("amount", form.amount.data))

    text = say("From its credits to a reseller below it. What they cost goes along.")
    question = about_reseller(row, say("Pass on credits of %(name)s", name=row.name), text, say("Pass on"))
    return previewed(
        question,
        form,
        act,
        _left,
        lambda _ctx, done: say("It has %(money)s left.", money=money(done.balance_minor, CREDITS)),
    )


class SuspendForm(PreviewForm):
    lines = SelectField(
        later("Its lines and those below it"),
        choices={
            "run_out": later("run until their time is over"),
            "stopped": later("stop with it, until it is resumed"),
        },
    )


@admin.route("/resellers/<int:key>/suspend", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def suspend_one_reseller(key: int) -> ResponseReturnValue:
    row, form = one_reseller(key), SuspendForm()

    def act(tx: Tx) -> Any:
        seen = preview_suspend_reseller(tx, key)
        return seen, suspend_reseller(tx, key, form.lines.data).lines

    def figures(result: Any) -> list[tuple[str, str]]:
        seen, lines = result
        stop = (
            say("%(running)s stop", running=seen.running)
            if lines == "stopped"
            else say("%(running)s run on until their time is over", running=seen.running)
        )
        return [(say("Resellers below it"), str(seen.below)), (say("Subscriptions that run now"), stop)]

    text = say("It sells and passes on nothing from then on. It can be resumed at any time.")
    question = about_reseller(row, say("Suspend %(name)s?", name=row.name), text, say("Suspend"), danger=True)
    return previewed(question, form, act, figures, lambda _ctx, _done: say("%(name)s is suspended.", name=row.name))


@admin.route("/resellers/<int:key>/resume", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def resume_one_reseller(key: int) -> ResponseReturnValue:
    row = one_reseller(key)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            resume_reseller(tx, key)
        return say("%(name)s acts again.", name=row.name)

    text = say("Lines that were stopped with it run again; those that somebody had disabled on their own stay so.")
    return asked(about_reseller(row, say("Resume %(name)s?", name=row.name), text, say("Resume")), ReasonForm(), act)


class HeirForm(PreviewForm):
    to = SelectField(later("To"))


@admin.route("/resellers/<int:key>/move-users", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def move_reseller_users(key: int) -> ResponseReturnValue:
    row, form = one_reseller(key), HeirForm()
    form.to.choices = _others(row)

    def act(tx: Tx) -> Any:
        seen = preview_move_users(tx, key, int(form.to.data or 0))
        move_users(tx, key, int(form.to.data or 0))
        return seen

    text = say("Another reseller looks after all of its subscribers, and pays for what comes next.")
    return previewed(
        about_reseller(row, say("Move the subscribers of %(name)s", name=row.name), text, say("Move")),
        form,
        act,
        lambda seen: [
            (say("Customers"), str(seen.customers)),
            (say("Subscriptions"), str(seen.subscriptions)),
            (
                say("Purchases that are not settled yet"),
                say_count("%(count)s stays with who made it", "%(count)s stay with who made them", seen.held),
            ),
        ],
        lambda _ctx, seen: say_count(
            "%(count)s customer was moved.", "%(count)s customers were moved.", seen.customers
        ),
    )


@admin.route("/resellers/<int:key>/remove", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def remove_one_reseller(key: int) -> ResponseReturnValue:
    row, form = one_reseller(key), HeirForm()
    form.to.choices = [("", say("whoever stands above it")), *_others(row)]

    def act(tx: Tx) -> Any:
        to_id = int(form.to.data) if form.to.data else None
        seen = preview_remove_reseller(tx, key, to_id)
        remove_reseller(tx, key, to_id)
        return seen

    text = say("Its subscribers and the resellers below it go over first. Its logins and keys end; its books stay.")
    question = replace(
        about_reseller(row, say("Remove %(name)s?", name=row.name), text, say("Remove"), danger=True),
        back=url_for("admin.resellers"),
    )
    return previewed(
        question,
        form,
        act,
        lambda seen: [
            (say("Customers that go over"), str(seen.customers)),
            (say("Subscriptions"), str(seen.subscriptions)),
            (say("Resellers that go over"), str(seen.below)),
            (say("Logins that end"), str(seen.logins)),
            (say("Credits that go up the tree"), money(seen.credits_minor, CREDITS)),
        ],
        lambda _ctx, _seen: say("%(name)s is removed.", name=row.name),
    )


@admin.route("/resellers/<int:key>/keys/<int:key_id>/revoke", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def revoke_reseller_key(key: int, key_id: int) -> ResponseReturnValue:
    row = one_reseller(key)
    with reading() as session:
        api_key = session.get(ResellerKey, key_id)
    if api_key is None or api_key.reseller_id != key:
        raise NotFound("key", key_id)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            revoke_key(tx, key, key_id)
        return say("The key %(name)s opens nothing any more.", name=api_key.name)

    text = say("Programs that use it are refused at once. It can’t be brought back.")
    title = say("Revoke %(key)s of %(name)s?", key=api_key.name, name=row.name)
    return asked(about_reseller(row, title, text, say("Revoke"), danger=True), ReasonForm(), act)


def _left(done: Any) -> list[tuple[str, str]]:
    return [(say("It has to spend afterwards"), money(done.balance_minor, CREDITS))]


def _others(row: Reseller, *, below_only: bool = False) -> list[tuple[str, str]]:
    """The other resellers of its seller; those below it alone."""
    query = select(Reseller.id, Reseller.name).where(
        Reseller.seller_id == row.seller_id, Reseller.id != row.id, Reseller.removed_on.is_(None)
    )
    if below_only:
        query = query.where(Reseller.id.in_(subtree(row.id)))
    with reading() as session:
        return [(str(key), name) for key, name in session.execute(query.order_by(Reseller.name))]


def _cost(typed: str | None) -> Money | None:
    if not typed:
        return None
    number, _, currency = typed.partition(" ")
    try:
        return Money.parse(number, currency.strip().upper())
    except InvalidInput as error:
        raise InvalidInput("cost", error.why, hint='Write it like "125.00 EUR".') from None
