"""Adopting a panel's lines: asked for with a file of the operator's own word, previewed, done; its findings."""

from dataclasses import replace
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField
from sqlalchemy import func, select
from wtforms import BooleanField, DateField, IntegerField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput

from billhead.actions.adopting.ask_adoption import AdoptionWish, ask_adoption
from billhead.actions.adopting.cancel_adoption import cancel_adoption
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, InvalidInput
from billhead.models.adoptions import Adoption, AdoptionLine
from billhead.models.panels import Panel
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of, who
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, badge, code, instant, lasts, number, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["ADOPTIONS", "ADOPTION_LINES"]

_LARGEST = 16_000_000
_WRITABLE = (
    ("note", later("our reference in the notes")),
    ("bouquets", later("bouquets")),
    ("connections", later("connections")),
    ("plan", later("the panel's plan")),
    ("login", later("login")),
    ("expires_at", later("expiry")),
    ("owner", later("owner")),
    ("country", later("the only country to watch in")),
)
_TONES = {"adopt": "ok", "known": "pending", "refused": "failed"}

ADOPTIONS = Listing(
    name="adoptions",
    title=marked("Adoptions"),
    lead=marked("Lines that stood on a panel before, taken over. A dry run shows what would become of each."),
    query=select(
        Adoption.id,
        Adoption.panel_id,
        Panel.name,
        Adoption.dry_run,
        Adoption.state,
        Adoption.lines,
        Adoption.adopted,
        Adoption.known,
        Adoption.refused,
        Adoption.asked_by,
        Adoption.created_at,
    ).join(Panel, Panel.id == Adoption.panel_id),
    key=Adoption.id,
    columns=(
        text(marked("Adoption"), "id", to="adoption"),
        state(marked("State"), "state"),
        text(marked("Panel"), "name", to="panel", key="panel_id"),
        Column(marked("Sort"), lambda row: "dry run" if row.dry_run else "adoption", lambda row: _sort(row)),
        number(marked("Lines"), "lines"),
        number(marked("Adopted"), "adopted"),
        number(marked("Ours already"), "known"),
        number(marked("Refused"), "refused"),
        Column(marked("Asked by"), lambda row: who(row.asked_by), lambda row: who(row.asked_by)),
        instant(marked("Asked"), "created_at"),
    ),
    choices=(Choice("state", marked("State"), Adoption.state, ("queued", "running", "done", "failed", "canceled")),),
    narrow={"panel": Adoption.panel_id},
    empty=marked("Open a panel and press “Adopt lines”: a dry run writes nothing."),
)

_LINE = AdoptionLine
ADOPTION_LINES = Listing(
    name="adoption-lines",
    title=marked("Lines of an adoption"),
    lead=marked("The CSV can be edited and handed back: what stands in its column plan is your word then."),
    query=select(
        _LINE.id,
        _LINE.remote_id,
        _LINE.kind,
        _LINE.login,
        _LINE.mac,
        _LINE.name,
        _LINE.ends_at,
        _LINE.bouquets,
        _LINE.connections,
        _LINE.owner,
        _LINE.plan,
        _LINE.term,
        _LINE.score,
        _LINE.reseller,
        _LINE.verdict,
        _LINE.code,
        _LINE.reason,
        _LINE.writes,
        _LINE.service_id,
    ),
    key=AdoptionLine.id,
    columns=(
        code(marked("Remote id"), "remote_id"),
        Column(marked("Verdict"), lambda row: row.verdict, lambda row: badge(_TONES[row.verdict], row.verdict)),
        text(marked("Kind"), "kind"),
        text(marked("Login"), "login", to="service", key="service_id"),
        code(marked("MAC"), "mac"),
        text(marked("Name"), "name"),
        instant(marked("Ends"), "ends_at"),
        text(marked("Bouquets"), "bouquets", css="clip"),
        text(marked("Connections"), "connections", css="num"),
        text(marked("Owner"), "owner"),
        text(marked("Plan"), "plan"),
        lasts(marked("Term"), "term"),
        Column(marked("Score"), lambda row: row.score, lambda row: _score(row), "num"),
        text(marked("Reseller"), "reseller"),
        text(marked("Code"), "code"),
        text(marked("Reason"), "reason", css="why"),
        text(marked("Writes"), "writes"),
    ),
    choices=(
        Choice("verdict", marked("Verdict"), AdoptionLine.verdict, ("adopt", "known", "refused")),
        Choice(
            "code",
            marked("Why refused"),
            AdoptionLine.code,
            (
                *("would_write", "far_plan", "several_plans", "no_plan", "no_price", "expired", "never_ends"),
                *("blocked", "banned", "taken", "repeated", "ended_before", "skipped", "impossible", "not_found"),
            ),
        ),
    ),
    search=lambda typed: (
        AdoptionLine.login.icontains(typed, autoescape=True)
        | AdoptionLine.mac.icontains(typed, autoescape=True)
        | AdoptionLine.name.icontains(typed, autoescape=True)
    ),
    search_label=marked("Login, MAC or name"),
    narrow={"adoption": AdoptionLine.adoption_id},
    empty=marked("No line was judged yet."),
)


def _sort(row: Any) -> str:
    return say("dry run") if row.dry_run else say("adoption")


def _score(row: Any) -> Any:
    if row.score is None:
        return say("your word") if row.plan else "–"
    return row.score


class AdoptionForm(Form):
    term = StringField(
        later("Term"),
        default="1 month",
        filters=[stripped],
        validators=[DataRequired(later("Say for which term.")), Length(max=20)],
        description=later(
            "Of lines that your file does not name. A plan that is not sold for it is taken at its shortest."
        ),
    )
    least_score = IntegerField(
        later("Least score of a guessed plan"),
        default=60,
        validators=[InputRequired(), NumberRange(0, 100)],
        description=later("100: the same bouquets and screens. Below it a line is refused."),
    )
    writes = SelectMultipleField(
        later("May be written on the panel"),
        choices=[SelectChoice(name, label) for name, label in _WRITABLE],
        option_widget=CheckboxInput(),
        description=later("None: a line that does not fit its plan as it stands is refused."),
    )
    owners = TextAreaField(
        later("Owners"),
        filters=[stripped],
        validators=[Length(max=20_000)],
        description=later("One a line: 12=alpha gives the lines of the panel's reseller 12 to your reseller alpha."),
    )
    unlimited_until = DateField(
        later("Lines that never end are paid through"),
        validators=[Optional()],
        description=later("Empty: they are refused."),
    )
    take_claimed = BooleanField(
        later("Take over lines that another Billhead claims"),
        description=later(
            "They carry its reference. Only when it has let go of this panel; a dry run counts them first."
        ),
    )
    file = FileField(
        later("Your own word"), description=later("CSV: login, mac or remote_id, and plan, term, paid_through, skip …")
    )
    dry_run = BooleanField(later("Dry run: show what would happen, and adopt none"), default=True)
    reason = reason_field()

    def show(self, error: BillheadError) -> None:
        """What is wrong in the file stands at the file."""
        named = "file" if error.field == "mapping" else error.field
        super().show(InvalidInput(named, error.why) if named and isinstance(error, InvalidInput) else error)

    def wish(self) -> AdoptionWish:
        return AdoptionWish(
            self.term.data,
            self.least_score.data,
            tuple(self.writes.data or ()),
            dict(_pair(line) for line in (self.owners.data or "").splitlines() if line.strip()),
            self.unlimited_until.data,
            self.take_claimed.data,
        )


def _pair(line: str) -> tuple[str, str]:
    remote, sign, reseller = (part.strip() for part in line.partition("="))
    if not (sign and remote and reseller):
        raise InvalidInput("owners", say("%(line)s is not like 12=alpha", line=repr(line.strip()[:40])))
    return remote, reseller


def _file() -> str:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return ""
    data = sent.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InvalidInput(
            "file",
            say("it is larger than %(size)s MB", size=_LARGEST // 1000000),
            hint=say("use billhead panels adopt"),
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("file", say("it is not text in UTF-8")) from None


@admin.get("/adoptions")
@allow("staff")
def adoptions() -> ResponseReturnValue:
    return ADOPTIONS.answer()


@admin.get("/adoptions/lines")
@allow("staff")
def adoption_lines() -> ResponseReturnValue:
    return ADOPTION_LINES.answer()


@admin.route("/panels/<int:key>/adopt", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def adopt_lines(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Panel, key, "panel")
    form = AdoptionForm()
    if form.validate_on_submit():
        with form.refusals():
            wish, mapping = form.wish(), _file()
            with writing(replace(submit_ctx(), reason=form.reason.data)) as tx:
                made = ask_adoption(tx, key, wish, dry_run=form.dry_run.data, mapping=mapping)
            return redirect(url_for("admin.adoption", key=made.adoption_id), 303)
    return page("admin/adopt.html", panel=row, form=form), 422 if form.is_submitted() else 200


@admin.get("/adoptions/<int:key>")
@allow("staff")
def adoption(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Adoption, key, "adoption")
        panel = session.get_one(Panel, row.panel_id)
        mine = AdoptionLine.adoption_id == key
        plans = _counted(session, mine, "adopt", AdoptionLine.plan, AdoptionLine.term)
        reasons = _counted(session, mine, "refused", AdoptionLine.code)
        claimed = session.scalar(select(func.count()).where(mine, AdoptionLine.code == "claimed"))
        first = session.scalars(select(AdoptionLine).where(mine).order_by(AdoptionLine.id).limit(20)).all()
        trail = trail_of(session, f"adoption:{key}")
    return page(
        "admin/adoption.html",
        row=row,
        panel=panel,
        plans=plans,
        reasons=reasons,
        claimed=claimed,
        first=first,
        trail=trail,
        goes_on=row.state in ("queued", "running"),
    )


def _counted(session: Any, mine: Any, verdict: str, *columns: Any) -> list[Any]:
    query = select(*columns, func.count().label("lines")).where(mine, AdoptionLine.verdict == verdict)
    return list(session.execute(query.group_by(*columns).order_by(func.count().desc()).limit(50)))


@admin.route("/adoptions/<int:key>/adopt", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def adopt_as_previewed(key: int) -> ResponseReturnValue:
    """What a dry run has shown is done, by the same rules and the same file; the panel's list is read anew."""
    with reading() as session:
        row = found(session, Adoption, key, "adoption")
        panel = session.get_one(Panel, row.panel_id)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            made = ask_adoption(tx, row.panel_id, AdoptionWish.from_json(row.wish), dry_run=False, like=key)
        return say("Adoption %(adoption_id)s is queued.", adoption_id=made.adoption_id)

    told = say(
        "Lines of %(name)s that become customers, with a subscription that is paid as long as the line runs: "
        "%(adopted)s; left alone: %(refused)s. The list is read anew, so that what has changed since counts.",
        adopted=row.adopted,
        name=panel.name,
        refused=row.refused,
    )
    back = url_for("admin.adoptions", panel=row.panel_id)
    return asked(
        Question(say("Adopt the lines of %(name)s?", name=panel.name), told, say("Adopt them"), back, danger=False),
        ReasonForm(),
        act,
    )


@admin.route("/adoptions/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def cancel_one_adoption(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, Adoption, key, "adoption")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            cancel_adoption(tx, key)
        return say("Adoption %(key)s is called off.", key=key)

    told = say("It stops after the batch at hand. Lines that were adopted by then stay adopted.")
    back = url_for("admin.adoption", key=key)
    return asked(
        Question(say("Call adoption %(key)s off?", key=key), told, say("Call it off"), back), ReasonForm(), act
    )
