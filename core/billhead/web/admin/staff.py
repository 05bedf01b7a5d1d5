"""Staff: who works here, invited by a mailed link; what each may do is their role's."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, select
from wtforms import EmailField, SelectField
from wtforms.validators import Email, InputRequired

from billhead import clock
from billhead.actions.sign_in._second_step import asks_twice, ways_of
from billhead.actions.sign_in.reset_second_step import reset_second_step
from billhead.actions.staff._standing import permissions_of
from billhead.actions.staff.disable_staff import disable_staff
from billhead.actions.staff.end_sessions_of import end_sessions_of
from billhead.actions.staff.invite_staff import invite_staff
from billhead.actions.staff.require_second_step import require_second_step
from billhead.actions.staff.set_staff_role import set_staff_role
from billhead.db import reading, writing
from billhead.domain.context import Context, Role
from billhead.domain.errors import NotFound
from billhead.models.people import User, UserSession
from billhead.models.sellers import Seller
from billhead.models.sign_in import StaffRole
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, badge, instant, text
from billhead.web.admin.known_permissions import in_words
from billhead.web.admin.listing import Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.speaking import later, marked, say, say_count

__all__ = ["STAFF"]

_LAST_SEEN = (
    select(func.max(UserSession.last_seen_at)).where(UserSession.user_id == User.id).correlate(User).scalar_subquery()
)


def _matching(typed: str) -> ColumnElement[bool]:
    return User.email.icontains(typed, autoescape=True)


def _state(row: Any) -> str:
    return "disabled" if row.disabled else "active" if row.password_hash else "invited"


STAFF = Listing(
    name="staff",
    title=marked("Staff"),
    query=select(
        User.id,
        User.email,
        User.disabled,
        User.password_hash,
        User.permissions,
        StaffRole.name.label("role_name"),
        Seller.name.label("seller"),
        asks_twice(User.id).label("twice"),
        _LAST_SEEN.label("last_seen_at"),
        User.created_at,
    )
    .join(Seller, Seller.id == User.seller_id)
    .outerjoin(StaffRole, StaffRole.id == User.staff_role_id)
    .where(User.role == Role.STAFF.value),
    key=User.id,
    columns=(
        text("E-mail", "email", to="staff_member"),
        Column(marked("State"), _state, lambda row: badge(_state(row))),
        Column(
            marked("Role"),
            lambda row: row.role_name or ", ".join(row.permissions),
            lambda row: row.role_name or say("its own"),
        ),
        Column(marked("Second step"), lambda row: row.twice, lambda row: say("yes") if row.twice else say("no")),
        text(marked("Seller"), "seller"),
        instant(marked("Last seen"), "last_seen_at"),
        instant(marked("Since"), "created_at"),
    ),
    search=_matching,
    search_label="E-mail",
    empty=marked("Nobody works here yet: billhead setup makes the first login."),
)


def _roles() -> list[tuple[int, str]]:
    with reading() as session:
        return [(row.id, row.name) for row in session.scalars(select(StaffRole).order_by(StaffRole.id))]


class RoleForm(Form):
    role = SelectField(later("Role"), coerce=int, choices=_roles)
    reason = reason_field()


class InviteForm(Form):
    email = EmailField(
        later("E-mail address"),
        filters=[stripped],
        validators=[InputRequired(later("Say whom.")), Email(later("This is not an e-mail address."))],
        description=later("They set their password by a link that we mail; it holds three days."),
    )
    # nothing is chosen before somebody chooses: the first role of a new house is its owner's
    role = SelectField(
        later("Role"),
        coerce=lambda typed: int(typed) if typed else 0,
        choices=lambda: [("", say("Choose …")), *_roles()],
        validators=[InputRequired(later("Say what they may do."))],
    )
    reason = reason_field()


@admin.get("/staff")
@allow("staff", permission="staff.write")
def staff() -> ResponseReturnValue:
    return STAFF.answer(add=url_for("admin.new_staff"), add_label=say("Invite"), add_needs="staff.write")


@admin.route("/staff/new", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def new_staff() -> ResponseReturnValue:
    def act(ctx: Context, form: InviteForm) -> str:
        with writing(ctx) as tx:
            invite_staff(tx, own_seller_id(), form.email.data, form.role.data)
        return say("%(email)s is invited.", email=form.email.data)

    told = say("They are mailed a link by which they set a password, and may do what the role says.")
    question = Question(say("Invite somebody"), told, say("Invite"), url_for("admin.staff"), danger=False)
    return asked(question, InviteForm(), act)


@admin.get("/staff/<int:key>")
@allow("staff", permission="staff.write")
def staff_member(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, User, key, "member of staff")
        if row.role != Role.STAFF.value:
            raise NotFound("member of staff", key)
        open_now = select(func.count()).select_from(UserSession)
        return page(
            "admin/staff_member.html",
            row=row,
            role=session.get(StaffRole, row.staff_role_id) if row.staff_role_id else None,
            permissions=permissions_of(session, row),
            in_words=in_words,
            ways=ways_of(session, key),
            seller_row=session.get_one(Seller, row.seller_id),
            sessions=session.scalar(open_now.where(UserSession.user_id == key, UserSession.expires_at > clock.now())),
            trail=trail_of(session, f"user:{key}"),
        )


@admin.route("/staff/<int:key>/role", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def staff_role(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, User, key, "member of staff")

    def act(ctx: Context, form: RoleForm) -> str:
        with writing(ctx) as tx:
            set_staff_role(tx, key, form.role.data)
        return say("%(email)s has another role, from now on.", email=row.email)

    question = Question(
        say("Another role for %(email)s?", email=row.email),
        say("It holds at their next click. Permissions of their own, beside a role, go."),
        say("Change the role"),
        _back(key),
        danger=False,
    )
    return asked(question, RoleForm(data={"role": row.staff_role_id}), act)


@admin.route("/staff/<int:key>/disable", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def disable_one(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, User, key, "member of staff")
    off = not row.disabled

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            disable_staff(tx, key, off)
        return say("%(email)s is disabled.", email=row.email) if off else say("%(email)s is back.", email=row.email)

    told = (
        say_count(
            "%(count)s of their devices is signed out at once, and they can't sign in any more.",
            "%(count)s of their devices are signed out at once, and they can't sign in any more.",
            _open_sessions(key),
        )
        if off
        else say("They sign in as before, with the password that they had.")
    )
    title = say("Disable %(email)s?", email=row.email) if off else say("Let %(email)s in again?", email=row.email)
    return asked(
        Question(title, told, say("Disable") if off else say("Let in"), _back(key), danger=off), ReasonForm(), act
    )


@admin.route("/staff/<int:key>/sessions", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def end_staff_sessions(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, User, key, "member of staff")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            end_sessions_of(tx, key)
        return say("%(email)s is signed out everywhere.", email=row.email)

    told = say_count(
        "%(count)s of their devices is signed out; they can sign in again.",
        "%(count)s of their devices are signed out; they can sign in again.",
        _open_sessions(key),
    )
    return asked(
        Question(say("Sign %(email)s out?", email=row.email), told, say("Sign out everywhere"), _back(key)),
        ReasonForm(),
        act,
    )


@admin.route("/staff/<int:key>/second-step", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def reset_staff(key: int) -> ResponseReturnValue:
    return _reset(key, _back(key), of_staff=True)


@admin.route("/customers/<int:customer_key>/logins/<int:key>/second-step", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def reset_customer(customer_key: int, key: int) -> ResponseReturnValue:
    """Of one of the customer's logins, who has lost it."""
    return _reset(key, url_for("admin.customer_logins", key=customer_key), of_staff=False, customer_id=customer_key)


def _reset(key: int, back: str, *, of_staff: bool, customer_id: int | None = None) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, User, key, "login")
        ways = ways_of(session, key)
    if (row.role == Role.STAFF.value) is not of_staff or row.customer_id != customer_id:
        raise NotFound("login", key)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            reset_second_step(tx, key)
        return say("%(email)s signs in with the password alone, and is told so by mail.", email=row.email)

    app = say("one") if ways.app else say("none")
    told = say_count(
        "Their app for codes (%(app)s), passkeys (%(passkeys)s), recovery codes (%(codes)s) and links to single "
        "sign-on stop to work, and %(count)s device is signed out. Be sure that it is them.",
        "Their app for codes (%(app)s), passkeys (%(passkeys)s), recovery codes (%(codes)s) and links to single "
        "sign-on stop to work, and %(count)s devices are signed out. Be sure that it is them.",
        _open_sessions(key),
        app=app,
        passkeys=ways.passkeys,
        codes=ways.codes_left,
    )
    question = Question(
        say("Take the second step of %(email)s away?", email=row.email), told, say("Take it away"), back
    )
    return asked(question, ReasonForm(), act)


@admin.route("/staff/second-step", methods=["GET", "POST"])
@allow("staff", permission="staff.write")
def staff_second_step() -> ResponseReturnValue:
    with reading() as session:
        seller = found(session, Seller, own_seller_id(), "seller")
        without = session.scalar(
            select(func.count())
            .select_from(User)
            .where(User.role == Role.STAFF.value, User.seller_id == seller.id, User.disabled.is_(False))
            .where(~asks_twice(User.id))
        )
    on = not seller.staff_two_step

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            require_second_step(tx, seller.id, on)
        return say("All staff need a second step now.") if on else say("A second step is everybody's own choice again.")

    told = (
        say(
            "%(without)s of staff have none: they are led to set one up at their next click, before anything else.",
            without=without,
        )
        if on
        else say("Who has a second step keeps it; others may sign in with a password alone.")
    )
    title = say("Require a second step of all staff?") if on else say("Require no second step any more?")
    button = say("Require it") if on else say("Leave it to them")
    return asked(Question(title, told, button, url_for("admin.staff_roles"), danger=not on), ReasonForm(), act)


def _back(key: int) -> str:
    return url_for("admin.staff_member", key=key)


def _open_sessions(key: int) -> int:
    open_now = select(func.count()).select_from(UserSession)
    with reading() as session:
        found_now = open_now.where(UserSession.user_id == key, UserSession.expires_at > clock.now())
        return int(session.scalar(found_now) or 0)
