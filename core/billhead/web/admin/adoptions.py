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
from billhead.web.admin.columns import Column, badge, code, instant, number, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx

__all__ = ["ADOPTIONS", "ADOPTION_LINES"]

_LARGEST = 16_000_000
_WRITABLE = (
    ("note", "our reference in the notes"),
    ("bouquets", "bouquets"),
    ("connections", "connections"),
    ("plan", "the panel's plan"),
    ("login", "login"),
    ("expires_at", "expiry"),
    ("owner", "owner"),
    ("country", "the only country to watch in"),
)
_TONES = {"adopt": "ok", "known": "pending", "refused": "failed"}

ADOPTIONS = Listing(
    name="adoptions",
    title="Adoptions",
    lead="Lines that stood on a panel before, taken over. A dry run shows what would become of each.",
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
        text("Adoption", "id", to="adoption"),
        state("State", "state"),
        text("Panel", "name", to="panel", key="panel_id"),
        Column("Sort", lambda row: "dry run" if row.dry_run else "adoption", lambda row: _sort(row)),
        number("Lines", "lines"),
        number("Adopted", "adopted"),
        number("Ours already", "known"),
        number("Refused", "refused"),
        Column("Asked by", lambda row: who(row.asked_by), lambda row: who(row.asked_by)),
        instant("Asked", "created_at"),
    ),
    choices=(Choice("state", "State", Adoption.state, ("queued", "running", "done", "failed", "canceled")),),
    narrow={"panel": Adoption.panel_id},
    empty="Open a panel and press “Adopt lines”: a dry run writes nothing.",
)

_LINE = AdoptionLine
ADOPTION_LINES = Listing(
    name="adoption-lines",
    title="Lines of an adoption",
    lead="The CSV can be edited and handed back: what stands in its column plan is your word then.",
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
        code("Remote id", "remote_id"),
        Column("Verdict", lambda row: row.verdict, lambda row: badge(_TONES[row.verdict], row.verdict)),
        text("Kind", "kind"),
        text("Login", "login", to="service", key="service_id"),
        code("MAC", "mac"),
        text("Name", "name"),
        instant("Ends", "ends_at"),
        text("Bouquets", "bouquets", css="clip"),
        text("Connections", "connections", css="num"),
        text("Owner", "owner"),
        text("Plan", "plan"),
        text("Term", "term"),
        Column("Score", lambda row: row.score, lambda row: _score(row), "num"),
        text("Reseller", "reseller"),
        text("Code", "code"),
        text("Reason", "reason", css="why"),
        text("Writes", "writes"),
    ),
    choices=(
        Choice("verdict", "Verdict", AdoptionLine.verdict, ("adopt", "known", "refused")),
        Choice(
            "code",
            "Why refused",
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
    search_label="Login, MAC or name",
    narrow={"adoption": AdoptionLine.adoption_id},
    empty="No line was judged yet.",
)


def _sort(row: Any) -> str:
    return "dry run" if row.dry_run else "adoption"


def _score(row: Any) -> Any:
    if row.score is None:
        return "your word" if row.plan else "–"
    return row.score


class AdoptionForm(Form):
    term = StringField(
        "Term",
        default="1 month",
        filters=[stripped],
        validators=[DataRequired("Say for which term."), Length(max=20)],
        description="Of lines that your file does not name. A plan that is not sold for it is taken at its shortest.",
    )
    least_score = IntegerField(
        "Least score of a guessed plan",
        default=60,
        validators=[InputRequired(), NumberRange(0, 100)],
        description="100: the same bouquets and screens. Below it a line is refused.",
    )
    writes = SelectMultipleField(
        "May be written on the panel",
        choices=[SelectChoice(name, label) for name, label in _WRITABLE],
        option_widget=CheckboxInput(),
        description="None: a line that does not fit its plan as it stands is refused.",
    )
    owners = TextAreaField(
        "Owners",
        filters=[stripped],
        validators=[Length(max=20_000)],
        description="One a line: 12=alpha gives the lines of the panel's reseller 12 to your reseller alpha.",
    )
    unlimited_until = DateField(
        "Lines that never end are paid through", validators=[Optional()], description="Empty: they are refused."
    )
    take_claimed = BooleanField(
        "Take over lines that another Billhead claims",
        description="They carry its reference. Only when it has let go of this panel; a dry run counts them first.",
    )
    file = FileField("Your own word", description="CSV: login, mac or remote_id, and plan, term, paid_through, skip …")
    dry_run = BooleanField("Dry run: show what would happen, and adopt none", default=True)
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
        raise InvalidInput("owners", f"{line.strip()[:40]!r} is not like 12=alpha")
    return remote, reseller


def _file() -> str:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return ""
    data = sent.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InvalidInput("file", f"it is larger than {_LARGEST // 1_000_000} MB", hint="use billhead panels adopt")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("file", "it is not text in UTF-8") from None


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
        return f"Adoption {made.adoption_id} is queued."

    told = (
        f"{row.adopted} lines of {panel.name} become customers with a subscription that is paid as long as the line "
        f"runs; {row.refused} are left alone. The list is read anew, so that what has changed since counts."
    )
    back = url_for("admin.adoptions", panel=row.panel_id)
    return asked(
        Question(f"Adopt the lines of {panel.name}?", told, "Adopt them", back, danger=False), ReasonForm(), act
    )


@admin.route("/adoptions/<int:key>/cancel", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def cancel_one_adoption(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, Adoption, key, "adoption")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            cancel_adoption(tx, key)
        return f"Adoption {key} is called off."

    told = "It stops after the batch at hand. Lines that were adopted by then stay adopted."
    back = url_for("admin.adoption", key=key)
    return asked(Question(f"Call adoption {key} off?", told, "Call it off", back), ReasonForm(), act)
