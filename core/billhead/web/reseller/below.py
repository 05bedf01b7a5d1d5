"""Whoever stands below a super-reseller: added for credits, given rights within its own, suspended, and looked at."""

from collections.abc import Iterable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, RadioField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from billhead.actions.catalogue._names import plan_names
from billhead.actions.resellers._prices import place_price
from billhead.actions.resellers._rights import Rights, rights_from_plan, stored_rights, within
from billhead.actions.resellers._seen import figures_of, seen_reseller
from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers.add_reseller import NewReseller, add_reseller, preview_add_reseller
from billhead.actions.resellers.remove_reseller import preview_remove_reseller, remove_reseller
from billhead.actions.resellers.resume_reseller import resume_reseller
from billhead.actions.resellers.set_reseller import ResellerEntry, preview_set_reseller, set_reseller
from billhead.actions.resellers.suspend_reseller import LINES, preview_suspend_reseller, suspend_reseller
from billhead.db import Tx, reading, writing
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.catalogue import Plan
from billhead.models.people import Reseller
from billhead.plugin import allow
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.area import in_credits, own_customer, own_id, own_reseller, own_rights, reseller
from billhead.web.reseller.asking import Figures, Question, QuestionForm, asked
from billhead.web.rights_told import rights_told
from billhead.web.speaking import later, say, speech

__all__: list[str] = []


@reseller.get("/resellers")
@allow("super_reseller")
def resellers() -> ResponseReturnValue:
    """All of the subtree, or those of a name, with their credits and users: six queries a page."""
    with reading() as session:
        query = select(Reseller).where(
            Reseller.id.in_(subtree(own_id())), Reseller.id != own_id(), Reseller.removed_on.is_(None)
        )
        if typed := request.args.get("q", "").strip()[:200]:
            named = Reseller.name.icontains(typed, autoescape=True) | Reseller.code.icontains(typed, autoescape=True)
            query = query.where(named)
        rows = page_of(session, query, Reseller.id, size=50)
        found = figures_of(session, [one.id for one in rows.items])
    return page("reseller/resellers.html", rows=rows, found=found, typed=typed)


def _below(session: Session, key: int) -> Reseller:
    """Raises NotFound also for oneself: what is above, beside or the same is nobody's to set up here."""
    if key == own_id():
        raise NotFound("reseller below", "you")
    return seen_reseller(session, current_ctx(), key)


class NewResellerForm(QuestionForm):
    plan = RadioField(later("Plan"), validators=[DataRequired(later("Choose a plan."))])
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("Say who it is.")), Length(max=200)],
        render_kw={"autocomplete": "off", "autofocus": True},
    )  # fmt: skip
    email = StringField(
        later("E-mail"),
        filters=[stripped],
        validators=[DataRequired(later("The link for the password is mailed there.")), Length(max=200)],
        description=later("A link to set a password is mailed there."),
        render_kw={"autocomplete": "off", "inputmode": "email"},
    )


@reseller.route("/resellers/new", methods=["GET", "POST"])
@allow("super_reseller")
def new_reseller() -> ResponseReturnValue:
    """The form says what each plan takes and gives; then the figures of the chosen one, then it is done."""
    form = NewResellerForm()
    with reading() as session:
        places = _places(session)
    form.plan.choices = [(one["code"], one["label"]) for one in places]
    if not form.is_submitted() and places:
        form.plan.data = places[0]["code"]
    if not places:
        return page("reseller/no_places.html")
    wanted = NewReseller(form.name.data or "", form.email.data or "", form.plan.data or "")
    by_code = {one["code"]: one for one in places}

    def figures(tx: Tx) -> Figures:
        if not form.is_submitted() or wanted.plan not in by_code:
            return ()
        planned = preview_add_reseller(tx, own_reseller(tx.session).seller_id, wanted)
        rights: Rights = by_code[wanted.plan]["rights"]
        return (
            (say("Takes"), in_credits(planned.price_minor)),
            (say("They start with"), in_credits(planned.start_up_minor)),
            (say("You have then"), in_credits(planned.balance_minor)),
            (say("They sell"), speech().listed(_plan_names(tx.session, rights.sells).values()) or say("nothing")),
            (say("Trials a day"), str(rights.trials_per_day)),
            (say("May end users"), say("yes") if rights.terminate else say("no")),
        )

    def act(tx: Tx) -> str:
        done = add_reseller(tx, own_reseller(tx.session).seller_id, wanted)
        return say(
            "%(name)s is added for %(credits)s credits; the link went to %(email)s.",
            name=wanted.name,
            credits=in_credits(done.credits_minor),
            email=wanted.email,
        )

    back = url_for("reseller.resellers")
    text = say("They get a login of their own, and sell what the plan allows within your own rights.")
    question = Question(say("Add a reseller"), text, say("Add"), back, first=say("Show what they get"))
    return asked(question, figures, act, form)


def _places(session: Session) -> list[dict[str, Any]]:
    """The reseller plans that can be paid with credits, and what each would give within one's own rights."""
    me, own = own_reseller(session), own_customer(session)
    plans = session.scalars(
        select(Plan)
        .where(Plan.seller_id == me.seller_id, Plan.kind == "reseller", Plan.retired.is_(False))
        .order_by(Plan.id)
    )
    found = []
    for plan in plans:
        try:
            price = place_price(session, me, own, plan)
        except InvalidInput:
            continue
        told = say(
            "%(plan)s: takes %(credits)s, they start with %(start)s",
            plan=plan.name,
            credits=in_credits(price.minor),
            start=in_credits(plan.start_up_credits_minor),
        )
        rights = within(rights_from_plan(plan), own_rights(session))
        found.append({"code": plan.code, "label": told, "rights": rights})
    return found


@reseller.get("/resellers/<int:key>")
@allow("super_reseller")
def one_reseller(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = _below(session, key)
        found = figures_of(session, [key])[key]
        parent = session.get(Reseller, row.parent_id) if row.parent_id is not None else None
        may = stored_rights(row.rights)
        sells = list(_plan_names(session, may.sells).values())
    return page("reseller/reseller.html", row=row, found=found, parent=parent, rights=may, sells=sells)


def _plan_names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    return plan_names(session, own_reseller(session).seller_id, codes)


class RightsForm(QuestionForm):
    name = StringField(later("Name"), filters=[stripped], validators=[DataRequired(), Length(max=200)])
    sells = SelectMultipleField(later("May sell"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
    trials_per_day = IntegerField(later("Trials a day"), validators=[InputRequired(), NumberRange(0, 10_000)])
    terminate = BooleanField(later("May end users"))
    refund_unused = BooleanField(later("Unused credits come back when a user is ended"))
    refund_only_unwatched = BooleanField(later("but only where nothing was watched yet"))
    floor_percent = IntegerField(
        later("Least price, percent of the list price"),
        validators=[Optional(), NumberRange(0, 1000)],
        description=later("Of their own prices, and never less than your own."),
    )
    own_shop = BooleanField(later("May have a shop of their own"))


@reseller.route("/resellers/<int:key>/rights", methods=["GET", "POST"])
@allow("super_reseller")
def rights(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = _below(session, key)
        mine, theirs = own_rights(session), stored_rights(row.rights)
        names = _plan_names(session, [*mine.sells, *theirs.sells])
    now = {name: getattr(theirs, name) for name in Rights.__slots__}
    now["floor_percent"] = max(theirs.floor_percent, mine.floor_percent)
    form = RightsForm(data={"name": row.name, **now})
    form.sells.choices = list(names.items())
    if not (mine.own_shop or theirs.own_shop):
        del form.own_shop
    wanted = Rights(
        tuple(form.sells.data or ()),
        form.trials_per_day.data or 0,
        form.terminate.data,
        form.refund_unused.data,
        form.refund_only_unwatched.data,
        now["floor_percent"] if form.floor_percent.data is None else form.floor_percent.data,
        form.own_shop.data if form.own_shop else False,
    )
    entry = ResellerEntry(form.name.data or "", wanted)

    def figures(tx: Tx) -> Figures:
        if not form.is_submitted():
            return ()
        return rights_told(preview_set_reseller(tx, key, entry))

    def act(tx: Tx) -> str:
        set_reseller(tx, key, entry)
        return say("Saved. Users that are there go on, and can be renewed.")

    back = url_for("reseller.one_reseller", key=key)
    title, text = say("What %(name)s may do", name=row.name), say("Never more than you may yourself.")
    question = Question(title, text, say("Save"), back, first=say("Go on"))
    return asked(question, figures, act, form)


class SuspendForm(QuestionForm):
    lines = RadioField(later("Their users"), default=LINES[0])


@reseller.route("/resellers/<int:key>/suspend", methods=["GET", "POST"])
@allow("super_reseller")
def suspend(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = _below(session, key)
    form = SuspendForm()
    told = {"run_out": say("go on until their time is over"), "stopped": say("stop now, and those of all below them")}
    form.lines.choices = [(word, told[word]) for word in LINES]

    def figures(tx: Tx) -> Figures:
        planned = preview_suspend_reseller(tx, key)
        return ((say("Resellers below them"), str(planned.below)), (say("Users that run now"), str(planned.running)))

    def act(tx: Tx) -> str:
        suspend_reseller(tx, key, form.lines.data or LINES[0])
        return say("%(who)s is suspended.", who=row.name)

    back = url_for("reseller.one_reseller", key=key)
    title, text = say("Suspend %(name)s?", name=row.name), say("They can look, but sell and pass on nothing.")
    question = Question(title, text, say("Suspend"), back, danger=True)
    return asked(question, figures, act, form)


@reseller.route("/resellers/<int:key>/remove", methods=["GET", "POST"])
@allow("super_reseller")
def remove(key: int) -> ResponseReturnValue:
    """Its users and the resellers below it go to whoever stands above it."""
    with reading() as session:
        row = _below(session, key)

    def figures(tx: Tx) -> Figures:
        planned = preview_remove_reseller(tx, key)
        return (
            (say("Customers that go over"), str(planned.customers)),
            (say("Subscriptions"), str(planned.subscriptions)),
            (say("Resellers below them"), str(planned.below)),
            (say("Logins that end"), str(planned.logins)),
            (say("Credits that go up"), in_credits(planned.credits_minor)),
        )

    def act(tx: Tx) -> str:
        remove_reseller(tx, key)
        return say("%(name)s is removed.", name=row.name)

    text = say(
        "Their users and the resellers below them go to whoever stands above them, with the credits that are left. "
        "Their logins and API keys end; it can’t be undone."
    )
    back = url_for("reseller.resellers")
    return asked(Question(say("Remove %(name)s?", name=row.name), text, say("Remove"), back, danger=True), figures, act)


@reseller.post("/resellers/<int:key>/resume")
@allow("super_reseller")
def resume(key: int) -> ResponseReturnValue:
    with reading() as session:
        name = _below(session, key).name
    with writing(submit_ctx()) as tx:
        resume_reseller(tx, key)
    flash(say("%(name)s can sell again.", name=name), "good")
    return redirect(url_for("reseller.one_reseller", key=key), 303)
