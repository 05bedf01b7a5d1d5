"""What staff do to final documents: credit notes, void, write off a debt, move what was paid."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import DateField, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from billhead.actions.documents._corrected import Line, lines_of
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.documents.issue_credit_note import Correction, Credited, issue_credit_note
from billhead.actions.documents.void_document import void_document
from billhead.actions.documents.write_off import WrittenOff, write_off
from billhead.actions.payments.reallocate import Reallocated, reallocate
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.document import OWED, Kind
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.formatting import money
from billhead.web.forms import stripped

__all__ = ["WAYS", "amount_field"]

WAYS = {
    "credit": "what was paid becomes credit for the next invoices",
    "refund": "what was paid goes back to where it came from",
    "keep": "it only reduces what is owed; the rest waits on the credit note",
}


def _name(row: Document) -> str:
    return row.number_text or f"{row.kind.replace('_', ' ')} {row.id}"


def _back(key: int) -> str:
    return url_for("admin.document", key=key)


def amount_field(label: str, description: str = "") -> StringField:
    return StringField(
        label,
        filters=[stripped],
        validators=[DataRequired("How much?")],
        description=description,
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )


def _form_for(lines: dict[int, Line], currency: str) -> Any:
    """A field for each line of which something is left, filled with all of it."""
    fields: dict[str, Any] = {}
    for line_id, line in lines.items():
        if not line.left:
            continue
        left = f"{Money(line.left, currency).decimal():f}"
        fields[f"line_{line_id}"] = StringField(
            describe_line(line.row),
            default=left,
            filters=[stripped],
            validators=[Optional()],
            description=f"{money(line.left, currency)} with tax are left of it. Empty: nothing of this line.",
            render_kw={"inputmode": "decimal", "autocomplete": "off"},
        )
    fields["since"] = DateField(
        "Give back the days from",
        validators=[Optional()],
        description="Lines with a period return their share of days; the amounts above are not used then.",
    )
    fields["way"] = SelectField("What was paid", choices=WAYS)
    return type("_CreditNoteForm", (PreviewForm,), fields)()


def _corrections(form: Any, lines: dict[int, Line], currency: str) -> list[Correction]:
    since = form.since.data
    if since is not None:
        timed = [
            line_id
            for line_id, line in lines.items()
            if line.left and line.row.period_start and line.row.period_end and line.row.period_end > since
        ]
        if not timed:
            raise InvalidInput("since", "no line has days from then on")
        return [Correction(line_id, since=since) for line_id in timed]
    found: list[Correction] = []
    for line_id in lines:
        typed = form[f"line_{line_id}"].data if f"line_{line_id}" in form else ""
        if typed and (minor := Money.parse(typed, currency).minor):
            found.append(Correction(line_id, amount_minor=minor))
    if not found:
        raise InvalidInput("way", "nothing is given back: fill in an amount or a day")
    return found


@admin.route("/documents/<int:key>/credit-note", methods=["GET", "POST"])
@allow("staff", permission="money.correct")
def credit_document(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
        if row.kind != Kind.INVOICE or row.number is None:
            raise Conflict("Only an invoice is corrected by a credit note.")
        lines = lines_of(session, row)
        form = _form_for(lines, row.currency)

    def act(tx: Tx) -> Credited:
        wishes = _corrections(form, lines, row.currency)
        return issue_credit_note(tx, key, wishes, reason=form.reason.data, way=form.way.data)

    def figures(made: Credited) -> Figures:
        amounts = (
            ("Given back", made.net_minor), ("Tax", made.tax_minor), ("Together", made.total_minor),
            ("Owed less", made.on_documents), ("Becomes credit", made.credited), ("Goes back", made.refunded),
            ("Waits on the credit note", made.kept),
        )  # fmt: skip
        return [(what, money(minor, row.currency)) for what, minor in amounts if minor or what in ("Given back", "Tax")]

    question = Question(
        f"Credit note for {_name(row)}",
        "It stands on the credit note why; the customer gets a mail with it. A credit note can't be taken back.",
        "Issue the credit note",
        _back(key),
    )
    return previewed(question, form, act, figures, lambda _, made: f"Credit note {made.number_text} is issued.")


@admin.route("/documents/<int:key>/void", methods=["GET", "POST"])
@allow("staff", permission="money.correct")
def void(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")

    def act(ctx: Context, form: ReasonForm) -> str:
        with writing(ctx) as tx:
            void_document(tx, key, reason=form.reason.data)
        return f"{_name(row)} is void."

    question = Question(
        f"Void {_name(row)}",
        f"{money(row.total_minor, row.currency)} are not owed any more. It keeps its number, and nothing of it is "
        "earned. Possible as long as nothing is paid on it.",
        "Void it",
        _back(key),
    )
    return asked(question, ReasonForm(), act)


@admin.route("/documents/<int:key>/write-off", methods=["GET", "POST"])
@allow("staff", permission="money.write_off")
def write_off_document(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
    form = PreviewForm()

    def figures(lost: WrittenOff) -> Figures:
        rows = [("Loss", money(lost.lost_minor, row.currency))]
        if lost.tax_minor:
            rows.append(("Tax that is not owed any more", money(lost.tax_minor, row.currency)))
        return rows

    question = Question(
        f"Write off {_name(row)}",
        "Nobody is reminded of it any more. If money comes for it after all, the debt is there again and is paid.",
        "Write it off",
        _back(key),
    )
    return previewed(
        question,
        form,
        lambda tx: write_off(tx, key, reason=form.reason.data),
        figures,
        lambda _, lost: f"{money(lost.lost_minor, row.currency)} are written off.",
    )


def _open(row: Document) -> str:
    return money(row.total_minor - row.settled_minor, row.currency)


class MoveForm(PreviewForm):
    amount = amount_field("Amount", "What came last is taken off first.")
    to = SelectField("To", coerce=int)


@admin.route("/documents/<int:key>/move", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def move_money(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
        others = session.scalars(
            select(Document)
            .where(
                Document.customer_id == row.customer_id,
                Document.kind == Kind.INVOICE.value,
                Document.currency == row.currency,
                Document.state.in_([state.value for state in OWED]),
                Document.id != key,
            )
            .order_by(Document.due_on, Document.id)
            .limit(200)
        ).all()
    form = MoveForm(amount=f"{Money(row.settled_minor, row.currency).decimal():f}")
    choices = {
        one.id: f"{_name(one)}: {money(one.total_minor - one.settled_minor, one.currency)} open" for one in others
    }
    form.to.choices = {"0": "the customer’s credit", **{str(one): label for one, label in choices.items()}}

    def act(tx: Tx) -> Reallocated:
        minor = Money.parse(form.amount.data, row.currency).minor
        return reallocate(tx, key, minor, form.to.data or None)

    def figures(moved: Reallocated) -> Figures:
        to = choices.get(moved.to_document_id or 0, "the customer’s credit")
        return [("Moved", money(moved.amount_minor, row.currency)), ("To", to), (f"Owed on {_name(row)} again",
                 money(row.total_minor - row.settled_minor + moved.amount_minor, row.currency))]  # fmt: skip

    question = Question(
        f"Move money off {_name(row)}",
        f"{money(row.settled_minor, row.currency)} are settled on it. What is moved away is owed on it again.",
        "Move it",
        _back(key),
        danger=False,
    )
    return previewed(question, form, act, figures, lambda _, moved: f"{money(moved.amount_minor, row.currency)} moved.")
