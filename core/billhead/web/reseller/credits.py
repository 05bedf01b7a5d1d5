"""Credits: the statement, what is held, buying a package, passing some on."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.resellers._packages import offered_to, places_for
from billhead.actions.resellers._seen import figures_of, seen_reseller
from billhead.actions.resellers._statement import KINDS, holds_of, statement_of
from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers.buy_credits import buy_credits
from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.db import Tx, reading, writing
from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import start_of_day
from billhead.domain.seeking import sought
from billhead.domain.whole_number import whole_number
from billhead.models.credits import CreditHold, CreditMovement
from billhead.models.documents import Document
from billhead.models.ledger import LedgerEntry
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import ResellerOrder
from billhead.plugin import allow
from billhead.web.changing import day_of
from billhead.web.csv_export import csv_response
from billhead.web.errors import refusal
from billhead.web.formatting import from_to
from billhead.web.forms import stripped
from billhead.web.movements import held_for, what_moved, why_moved
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.actors import named_actors
from billhead.web.reseller.area import in_credits, my_zone, own_customer, own_id, own_reseller, reseller
from billhead.web.reseller.asking import Figures, Question, QuestionForm, asked
from billhead.web.speaking import later, say

__all__: list[str] = []

_CSV = (
    "id", "at", "what", "credits", "before", "after", "user", "other", "subscription", "document", "who", "reason",
    "request", "held_for", "plan", "term", "state", "reseller",
)  # fmt: skip
_KEPT, _ALL = ("reseller", "q", "kind", "from", "to"), "all"
_BATCH = 500
_HOLDS = 50
_LISTED = 200  # of whom to choose from; more are found by their name


@reseller.get("/credits")
@allow("reseller", "super_reseller")
def statement() -> ResponseReturnValue:
    problem = ""
    with reading() as session:
        me = _whose(session, request.args.get("reseller", ""))
        below = _below(session, me)
        query = statement_of(me)
        try:
            query = _narrowed(query)
        except InvalidInput as refused:
            problem, _status = refusal(refused)
        if request.args.get("format") == "csv" and not problem:
            whole = request.args.get("reseller") == _ALL
            of = session.scalars(_standing(Reseller.id)).all() if whole else [me.id]
            return csv_response("credits", [say(head) for head in _CSV], _csv(of))
        rows = page_of(session, query, LedgerEntry.id, whole_rows=True, size=_HOLDS)
        balance = figures_of(session, [me.id])[me.id]
        actors = named_actors(session, own_id(), {row.actor for row in rows.items})
        holds = session.execute(holds_of(me.id).order_by(CreditHold.id.desc()).limit(_HOLDS)).all()
        waiting = _unpaid(session, own_customer(session).id) if me.id == own_id() else []
    kept: dict[str, Any] = {name: request.args[name] for name in _KEPT if request.args.get(name)}
    as_csv = url_for("reseller.statement", **{**kept, "format": "csv"})
    all_as_csv = url_for("reseller.statement", **{**kept, "reseller": _ALL, "format": "csv"}) if len(below) > 1 else ""
    shown = {
        "me": me,
        "rows": rows,
        "holds": holds,
        "kinds": KINDS,
        "what": what_moved,
        "held_for": held_for,
        "why": why_moved,
        "kept": kept,
        "waiting": waiting,
    }
    shown |= {"actors": actors, "as_csv": as_csv, "all_as_csv": all_as_csv, "below": below, "balance": balance}
    return page("reseller/statement.html", **shown, problem=problem), 422 if problem else 200


def _standing(*columns: Any) -> Select[*tuple[Any, ...]]:
    """The reseller and all that stand below it, itself first."""
    mine = Reseller.id.in_(subtree(own_id())), Reseller.removed_on.is_(None)
    return select(*columns).where(*mine).order_by(Reseller.id != own_id(), Reseller.name)


def _below(session: Session, chosen: Reseller | None = None) -> list[tuple[int, str]]:
    """(id, name) of the first of them, and of who is chosen; the others are found on the page of resellers."""
    rows = [(key, name) for key, name in session.execute(_standing(Reseller.id, Reseller.name).limit(_LISTED))]
    if chosen is not None and chosen.id not in dict(rows):
        rows.append((chosen.id, chosen.name))
    return rows


def _whose(session: Session, told: str) -> Reseller:
    """Raises NotFound for somebody else's."""
    return (
        own_reseller(session) if told in ("", _ALL) else seen_reseller(session, current_ctx(), whole_number(told) or 0)
    )


def _narrowed(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """By kind, by words for whom or why, and by days of the reseller's, both included. Raises InvalidInput for what is
    no day."""
    kind = request.args.get("kind", "")
    if kind in KINDS:
        query = query.where(LedgerEntry.kind == kind)
    if typed := request.args.get("q", "").strip():
        found = [one.icontains(typed, autoescape=True) for one in (CreditMovement.reason, Reseller.name)]
        if words := sought(typed):
            found.append(Customer.sought_name.contains(words, autoescape=True))
        query = query.where(or_(*found))
    since, until = day_of(request.args, "from"), day_of(request.args, "to")
    if since is not None:
        query = query.where(LedgerEntry.recorded_at >= start_of_day(since, my_zone()))
    if until is not None:
        query = query.where(LedgerEntry.recorded_at < start_of_day(until + timedelta(days=1), my_zone()))
    return query


def _csv(resellers: Sequence[int]) -> Iterator[list[Any]]:
    with reading() as session:
        for key in resellers:
            of = session.get_one(Reseller, key)
            ordered = _narrowed(statement_of(of)).order_by(LedgerEntry.id.desc())
            for row in session.execute(ordered.execution_options(yield_per=_BATCH)):
                figures = [
                    Money(minor, CREDITS).decimal() for minor in (row.change_minor, row.before_minor, row.after_minor)
                ]
                yield [
                    row.id, row.at.isoformat(timespec="seconds"), row.kind, *figures, row.user, row.other,
                    row.subscription_id, row.document_id, row.actor, row.reason,
                    row.request_id, row.held_for or "", row.plan if row.held_for else "",
                    row.term if row.held_for else "", row.hold_state or "", of.name,
                ]  # fmt: skip


def _unpaid(session: Any, customer_id: int) -> list[Any]:
    """(document, credits, amount, currency) of orders that wait to be paid."""
    return list(
        session.execute(
            select(Document.id, ResellerOrder.credits_minor, Document.total_minor, Document.currency)
            .join(ResellerOrder, ResellerOrder.document_id == Document.id)
            .where(Document.customer_id == customer_id, Document.kind == "proforma", Document.state == "open")
            .order_by(Document.id.desc())
            .limit(5)
        )
    )


@reseller.route("/credits/buy", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def buy() -> ResponseReturnValue:
    """One of the packages; then it is paid on the pages that everything is paid on."""
    problem, status = "", 200
    if request.method == "POST":
        try:
            with writing(submit_ctx()) as tx:
                ordered = buy_credits(tx, own_id(), request.form.get("package", ""))
        except NotFound:
            problem, status = say("Choose one of the packages."), 422
        except BillheadError as refused:
            problem, status = refusal(refused)
        else:
            return redirect(url_for("storefront.pay", document_id=ordered.document_id), 303)
    with reading() as session:
        me = own_reseller(session)
        offered = offered_to(session, me)
        own = own_customer(session)
        waiting, rises = _unpaid(session, own.id), bool(places_for(session, own))
    return page("reseller/buy.html", me=me, offered=offered, waiting=waiting, rises=rises, problem=problem), status


class PassOnForm(QuestionForm):
    to = SelectField(later("To"), coerce=int, description=later("Not listed? Find them under Resellers."))
    amount = StringField(
        later("Credits"),
        filters=[stripped],
        validators=[InputRequired(later("Say how many.")), Length(max=20)],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "autofocus": True},
    )
    why = StringField(
        later("Why"),
        filters=[stripped],
        validators=[Length(max=200)],
        description=later("If you like: it stands in both statements."),
        render_kw={"autocomplete": "off"},
    )


@reseller.route("/credits/pass-on", methods=["GET", "POST"])
@allow("super_reseller")
def pass_on() -> ResponseReturnValue:
    """First the form, then both balances before and after, then it is done."""
    form = PassOnForm()
    with reading() as session:
        asked_for = whole_number(request.values.get("to", ""))
        chosen = seen_reseller(session, current_ctx(), asked_for) if asked_for is not None else None
        below = [(key, name) for key, name in _below(session, chosen) if key != own_id()]
        if not form.is_submitted() and chosen is not None:
            form.to.data = chosen.id
    form.to.choices = below
    if not below:
        return page("reseller/nobody_below.html")

    def figures(tx: Tx) -> Figures:
        return _both(tx, form) if form.is_submitted() and form.amount.data else ()

    def act(tx: Tx) -> str:
        amount = _amount(form)
        asking = Tx(replace(tx.ctx, reason=form.why.data), tx.session) if form.why.data else tx
        transfer_credits(asking, own_id(), form.to.data, amount)
        return say(
            "%(credits)s credits are passed on to %(name)s.",
            credits=in_credits(amount.minor),
            name=dict(form.to.choices)[form.to.data],
        )

    back = url_for("reseller.resellers")
    text = say("You see both balances before it is done.")
    question = Question(say("Pass credits on"), text, say("Pass on"), back, first=say("Show both balances"))
    return asked(question, figures, act, form)


def _amount(form: PassOnForm) -> Money:
    try:
        return Money.parse((form.amount.data or "").replace(",", "."), CREDITS)
    except InvalidInput as refused:
        raise InvalidInput("amount", refused.why) from refused


def _both(tx: Tx, form: PassOnForm) -> Figures:
    amount, to = _amount(form), seen_reseller(tx.session, tx.ctx, form.to.data or 0)
    if amount.minor <= 0:
        raise InvalidInput("amount", say("must be above zero"))
    mine, theirs = (figures_of(tx.session, [own_id(), to.id])[key].balance_minor for key in (own_id(), to.id))
    if mine < amount.minor and not own_reseller(tx.session).credit_line_minor:
        raise Conflict(say("you have %(credits)s", credits=in_credits(mine)), hint=say("pass on less, or buy credits"))
    return (
        (say("Your balance"), from_to(in_credits(mine), in_credits(mine - amount.minor))),
        (say("Balance of %(name)s", name=to.name), from_to(in_credits(theirs), in_credits(theirs + amount.minor))),
    )
