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

__all__ = ["SHARING", "looked_at"]

_SHOWN = 100

SHARING = Listing(
    name="sharing",
    title="Shared lines",
    lead="Lines that look as if several households watched them. Nothing happens by itself, unless the seller says so.",
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
        text("Line", "login", to="sharing_case"),
        text("Customer", "customer", to="customer", key="customer_id"),
        number("Score", "score"),
        state("State", "state"),
        instant("Found", "found_at"),
        instant("Seen last", "seen_at"),
    ),
    choices=(Choice("state", "State", SharingCase.state, ("open", *SETTLED.values())),),
    search=lambda typed: Service.login == typed,
    search_label="Login",
    narrow={"service": SharingCase.service_id},
    empty="No line was over a limit. The limits stand with each seller, under Access and viewings.",
)

_QUESTIONS = {
    "ignore": ("Leave {} alone?", "It is not put up again for two weeks.", "Leave it"),
    "warn": ("Warn the customer of {}?", "They get a message that their line is watched at many places.", "Warn"),
    "limit": ("Leave {} one stream?", "Until you lift it on the line's page, whatever was sold.", "Limit it"),
    "kick": ("Cut everybody on {}?", "Whoever watches now is cut. Their devices may come back.", "Cut them"),
    "block": ("Block {}?", "Its subscription is suspended by staff: no payment lifts that.", "Block it"),
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
        return f"{name}: who watches on its {looks.lines} lines is read each hour."
    told = f"{name}: {min(looks.each_hour, looks.lines)} of {looks.lines} lines are asked each hour who watches"
    if looks.hours <= looks.window:
        return f"{told}, so all of them within {looks.hours} {'hour' if looks.hours == 1 else 'hours'}."
    rest = f"Sharing is judged by {looks.window} hours: some of it goes unseen there."
    return f"{told}, all of them in {looks.hours} hours. {rest}"


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
        return f"{login}: whoever watches is cut now." if step == "kick" else f"{login}: {done}."

    question = Question(title.format(login), text_, button, url_for("admin.sharing"), step in ("limit", "block"))
    return asked(question, ReasonForm(), act)


@admin.route("/services/<int:key>/lift-cap", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def lift_service_cap(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Service, key, "service")
    text_ = f"{row.desired_connections} at a time, as was sold."

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            lift_cap(tx, key)
        return "Lifted. The panel is told."

    back = url_for("admin.service", key=key)
    return asked(Question(f"Lift the limit of {row.login}?", text_, "Lift it", back, danger=False), ReasonForm(), act)
