"""Lines that look shared: the list to be reviewed, what was seen of one, and what becomes of it."""

from datetime import UTC, datetime

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound as NoSuchPage

from billhead.actions.viewings._looks import Looks, looks_at
from billhead.actions.viewings._out_of_reach import out_of_reach
from billhead.actions.viewings.lift_cap import lift_cap
from billhead.actions.viewings.settle_sharing import SETTLED, settle_sharing
from billhead.db import reading, writing
from billhead.domain.address import network_of
from billhead.domain.context import Context
from billhead.models.panels import Panel
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.models.viewings import ContentTitle, LiveSighting, SharingCase, Viewing
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import instant, number, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.pages import page
from billhead.web.speaking import marked, say, say_count

__all__ = ["SHARING", "looked_at"]

_SHOWN = 100

SHARING = Listing(
    name="sharing",
    title=marked("Shared lines"),
    lead=marked(
        "Lines that look as if several households watched them. Nothing happens by itself, unless the seller says so."
    ),
    query=select(
        SharingCase.id,
        SharingCase.service_id,
        SharingCase.score,
        SharingCase.state,
        SharingCase.found_at,
        SharingCase.seen_at,
        Service.login,
        Customer.id.label("customer_id"),
        Customer.name.label("customer"),
    )
    .join(Service, Service.id == SharingCase.service_id)
    .join(Subscription, Subscription.id == Service.subscription_id)
    .join(Customer, Customer.id == Subscription.customer_id),
    key=SharingCase.id,
    columns=(
        text(marked("Line"), "login", to="sharing_case"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        number(marked("Score"), "score"),
        state(marked("State"), "state"),
        instant(marked("Found"), "found_at"),
        instant(marked("Seen last"), "seen_at"),
    ),
    choices=(Choice("state", marked("State"), SharingCase.state, ("open", *SETTLED.values())),),
    search=lambda typed: Service.login == typed,
    search_label=marked("Login"),
    narrow={"service": SharingCase.service_id},
    empty=marked("No line was over a limit. The limits stand with each seller, under Access and viewings."),
)

_QUESTIONS = {
    "ignore": (marked("Leave %(login)s alone?"), marked("It is not put up again for two weeks."), marked("Leave it")),
    "warn": (
        marked("Warn the customer of %(login)s?"),
        marked("They get a message that their line is watched at many places."),
        marked("Warn"),
    ),
    "limit": (
        marked("Leave %(login)s one stream?"),
        marked("Until you lift it on the line's page, whatever was sold."),
        marked("Limit it"),
    ),
    "kick": (
        marked("Cut everybody on %(login)s?"),
        marked("Whoever watches now is cut. Their devices may come back."),
        marked("Cut them"),
    ),
    "block": (
        marked("Block %(login)s?"),
        marked("Its subscription is suspended by staff: no payment lifts that."),
        marked("Block it"),
    ),
}


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@admin.get("/sharing")
@allow("staff")
def sharing() -> ResponseReturnValue:
    with reading() as session:
        panels = session.scalars(select(Panel).where(Panel.maintenance.is_(False)).order_by(Panel.name)).all()
        told = [looked_at(panel.name, looks) for panel in panels if (looks := looks_at(session, panel)) is not None]
    return SHARING.answer(note=" ".join(told))


def looked_at(name: str, looks: Looks) -> str:
    if looks.all_at_once:
        return say_count(
            "%(name)s: who watches on its %(count)s line is read each hour.",
            "%(name)s: who watches on its %(count)s lines is read each hour.",
            looks.lines,
            name=name,
        )
    told = say_count(
        "%(name)s: who watches is asked each hour for %(asked)s of %(count)s line",
        "%(name)s: who watches is asked each hour for %(asked)s of %(count)s lines",
        looks.lines,
        name=name,
        asked=min(looks.each_hour, looks.lines),
    )
    if looks.hours <= looks.window:
        soon = say_count("so all of them within %(count)s hour.", "so all of them within %(count)s hours.", looks.hours)
        return f"{told}, {soon}"
    rest = say_count(
        "Sharing is judged by %(count)s hour: some of it goes unseen there.",
        "Sharing is judged by %(count)s hours: some of it goes unseen there.",
        looks.window,
    )
    return say_count(
        "%(told)s, all of them in %(count)s hour. %(rest)s",
        "%(told)s, all of them in %(count)s hours. %(rest)s",
        looks.hours,
        told=told,
        rest=rest,
    )


@admin.get("/sharing/<int:key>")
@allow("staff", permission="services.access")
def sharing_case(key: int) -> ResponseReturnValue:
    """With whole addresses: it needs the permission for access details."""
    with reading() as session:
        case = found(session, SharingCase, key, "case")
        service = session.get_one(Service, case.service_id)
        rows = session.execute(
            select(Viewing, ContentTitle.title)
            .outerjoin(
                ContentTitle,
                (ContentTitle.panel_id == Viewing.panel_id)
                & (ContentTitle.kind == Viewing.kind)
                & (ContentTitle.item == Viewing.item),
            )
            .where(Viewing.service_id == service.id)
            .order_by(Viewing.began.desc())
            .limit(_SHOWN)
        ).all()
        newest = select(LiveSighting).where(LiveSighting.service_id == service.id).order_by(LiveSighting.seen.desc())
        beyond = out_of_reach(session, service)
        live = session.scalars(newest.limit(_SHOWN)).all()
    shown = {"live": live, "case": case, "service": service, "viewings": rows, "network_of": network_of}
    steps = {step: question for step, question in _QUESTIONS.items() if step not in beyond}
    return page("admin/sharing_case.html", **shown, steps=steps, instant_of=_instant)


@admin.route("/sharing/<int:key>/<step>", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def settle_case(key: int, step: str) -> ResponseReturnValue:
    if step not in _QUESTIONS:
        raise NoSuchPage
    with reading() as session:
        case = found(session, SharingCase, key, "case")
        login = session.get_one(Service, case.service_id).login
    title, text_, button = _QUESTIONS[step]

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            done = settle_sharing(tx, key, step).state
        if step == "kick":
            return say("%(login)s: whoever watches is being cut.", login=login)
        return f"{login}: {say(done)}."

    danger = step in ("limit", "block")
    question = Question(say(title, login=login), say(text_), say(button), url_for("admin.sharing"), danger)
    return asked(question, ReasonForm(), act)


@admin.route("/services/<int:key>/lift-cap", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def lift_service_cap(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Service, key, "service")
    text_ = say("%(count)s at a time, as was sold.", count=row.desired_connections)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            lift_cap(tx, key)
        return say("Lifted. The panel is told.")

    back = url_for("admin.service", key=key)
    return asked(
        Question(say("Lift the limit of %(login)s?", login=row.login), text_, say("Lift it"), back, danger=False),
        ReasonForm(),
        act,
    )
