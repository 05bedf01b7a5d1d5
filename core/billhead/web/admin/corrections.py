"""What staff do to final documents: credit notes, void, write off a debt, move what was paid."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import DateField, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from billhead.actions.documents._corrected import Line, lines_of
from billhead.actions.documents._place_credit import Placed
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.documents.issue_credit_note import Correction, Credited, issue_credit_note
from billhead.actions.documents.place_credit import place_credit
from billhead.actions.documents.void_document import void_document
from billhead.actions.documents.write_off import WrittenOff, write_off
from billhead.actions.payments.reallocate import Reallocated, reallocate
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.document import Kind, State
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.formatting import money, paper_name
from billhead.web.forms import stripped
from billhead.web.speaking import later, say

__all__ = ["WAYS", "amount_field", "correction_form", "corrections_of", "credited_figures"]

WAYS = {
    "credit": later("what was paid becomes credit for the next invoices"),
    "refund": later("what was paid goes back to where it came from"),
    "keep": later("it only reduces what is owed; the rest waits on the credit note"),
}


def _back(key: int) -> str:
    return url_for("admin.document", key=key)


def amount_field(label: str, description: str = "") -> StringField:
    return StringField(
        label,
        filters=[stripped],
        validators=[DataRequired(later("How much?"))],
        description=description,
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )


def correction_form(lines: dict[int, Line], currency: str) -> Any:
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
            description=say(
                "%(amount)s with tax are left of it. Empty: nothing of this line.", amount=money(line.left, currency)
            ),
            render_kw={"inputmode": "decimal", "autocomplete": "off"},
        )
    fields["since"] = DateField(
        later("Give back the days from"),
        validators=[Optional()],
        description=later("Lines with a period return their share of days; the amounts above are not used then."),
    )
    fields["way"] = SelectField(later("What was paid"), choices=WAYS)
    return type("_CreditNoteForm", (PreviewForm,), fields)()


def corrections_of(form: Any, lines: dict[int, Line], currency: str) -> list[Correction]:
    since = form.since.data
    if since is not None:
        starts = {
            line_id: line.row.period_start
            for line_id, line in lines.items()
            if line.left and line.row.period_start and line.row.period_end and line.row.period_end > since
        }
        if not starts:
            raise InvalidInput("since", say("no line has days from then on"))
        slip = since < min(starts.values())  # before all of it: refused as it is; what begins later comes back whole
        return [Correction(line_id, since=since if slip else max(since, start)) for line_id, start in starts.items()]
    found: list[Correction] = []
    for line_id in lines:
        typed = form[f"line_{line_id}"].data if f"line_{line_id}" in form else ""
        if typed and (minor := Money.parse(typed, currency).minor):
            found.append(Correction(line_id, amount_minor=minor))
    if not found:
        raise InvalidInput("way", say("nothing is given back: fill in an amount or a day"))
    return found


def credited_figures(made: Credited, currency: str) -> Figures:
    """What a credit note gives back, and where it goes."""
    amounts = (
        (say("Given back"), made.net_minor), (say("Tax"), made.tax_minor), (say("Together"), made.total_minor),
        (say("Owed less"), made.on_documents), (say("Becomes credit"), made.credited),
        (say("Goes back"), made.refunded), (say("Waits on the credit note"), made.kept),
    )  # fmt: skip
    return [(what, money(minor, currency)) for place, (what, minor) in enumerate(amounts) if minor or place < 2]


@admin.route("/documents/<int:key>/credit-note", methods=["GET", "POST"])
@allow("staff", permission="money.correct")
def credit_document(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
        if row.kind != Kind.INVOICE or row.number is None:
            raise Conflict(say("Only an invoice is corrected by a credit note."))
        lines = lines_of(session, row)
        form = correction_form(lines, row.currency)

    def act(tx: Tx) -> Credited:
        wishes = corrections_of(form, lines, row.currency)
        return issue_credit_note(tx, key, wishes, reason=form.reason.data, way=form.way.data)

    question = Question(
        say("Credit note for %(document)s", document=paper_name(row)),
        say("It stands on the credit note why; the customer gets a mail with it. A credit note can't be taken back."),
        say("Issue the credit note"),
        _back(key),
    )
    return previewed(
        question,
        form,
        act,
        lambda made: credited_figures(made, row.currency),
        lambda _, made: say("Credit note %(number_text)s is issued.", number_text=made.number_text),
    )


class PlaceForm(PreviewForm):
    way = SelectField(later("What waits"), choices={
        "credit": later("becomes credit for the next invoices"),
        "refund": later("goes back to where it came from"),
    })  # fmt: skip


@admin.route("/documents/<int:key>/place", methods=["GET", "POST"])
@allow("staff", permission="money.correct")
def place_what_waits(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
    if row.kind != Kind.CREDIT_NOTE:
        raise Conflict(say("Money waits on credit notes only."))
    form = PlaceForm()

    def figures(placed: Placed) -> Figures:
        amounts = (
            (say("Owed less"), placed.on_documents), (say("Becomes credit"), placed.credited),
            (say("Goes back"), placed.refunded),
        )  # fmt: skip
        return [(what, money(minor, row.currency)) for what, minor in amounts if minor]

    question = Question(
        say("Place what waits on %(document)s", document=paper_name(row)),
        say(
            "%(amount)s wait on it. What is still owed comes first, by the seller's rule; what can't be sent back "
            "becomes credit.",
            amount=_open(row),
        ),
        say("Place it"),
        _back(key),
    )
    return previewed(
        question,
        form,
        lambda tx: place_credit(tx, key, form.way.data),
        figures,
        lambda _, placed: say(
            "%(amount)s are placed.",
            amount=money(placed.on_documents + placed.credited + placed.refunded, row.currency),
        ),
    )


@admin.route("/documents/<int:key>/void", methods=["GET", "POST"])
@allow("staff", permission="money.correct")
def void(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
        bills_time = row.kind == Kind.INVOICE and bool(subscriptions_of(session, key))

    def act(ctx: Context, form: ReasonForm) -> str:
        with writing(ctx) as tx:
            void_document(tx, key, reason=form.reason.data)
        return say("%(document)s is void.", document=paper_name(row))

    question = Question(
        say("Void %(document)s", document=paper_name(row)),
        say(
            "%(amount)s are not owed any more. It keeps its number, and nothing of it is earned. "
            "Possible as long as nothing is paid on it.",
            amount=money(row.total_minor, row.currency),
        )
        + (" " + _its_time(row) if bills_time else ""),
        say("Void it"),
        _back(key),
    )
    return asked(question, ReasonForm(), act)


def _its_time(row: Document) -> str:
    if row.state == State.DRAFT:
        return say("The time that it bills is billed anew by the next run.")
    return say("The time that it bills is given away: no run bills it again.")


@admin.route("/documents/<int:key>/write-off", methods=["GET", "POST"])
@allow("staff", permission="money.write_off")
def write_off_document(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
    form = PreviewForm()

    def figures(lost: WrittenOff) -> Figures:
        rows = [(say("Loss"), money(lost.lost_minor, row.currency))]
        if lost.tax_minor:
            rows.append((say("Tax that is not owed any more"), money(lost.tax_minor, row.currency)))
        return rows

    question = Question(
        say("Write off %(document)s", document=paper_name(row)),
        say("Nobody is reminded of it any more. If money comes for it after all, the debt is there again and is paid."),
        say("Write it off"),
        _back(key),
    )
    return previewed(
        question,
        form,
        lambda tx: write_off(tx, key, reason=form.reason.data),
        figures,
        lambda _, lost: say("%(amount)s are written off.", amount=money(lost.lost_minor, row.currency)),
    )


def _open(row: Document) -> str:
    return money(row.total_minor - row.settled_minor, row.currency)


class MoveForm(PreviewForm):
    amount = amount_field(later("Amount"), later("What came last is taken off first."))
    to = SelectField(later("To"), coerce=int)


@admin.route("/documents/<int:key>/move", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def move_money(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")
        others = session.scalars(
            select(Document)
            .where(
                Document.customer_id == row.customer_id,
                Document.owed(),
                Document.currency == row.currency,
                Document.id != key,
            )
            .order_by(Document.due_on, Document.id)
            .limit(200)
        ).all()
    form = MoveForm(amount=f"{Money(row.settled_minor, row.currency).decimal():f}")
    choices = {
        one.id: say(
            "%(document)s: %(amount)s open",
            document=paper_name(one),
            amount=money(one.total_minor - one.settled_minor, one.currency),
        )
        for one in others
    }
    form.to.choices = {"0": say("the customer’s credit"), **{str(one): label for one, label in choices.items()}}

    def act(tx: Tx) -> Reallocated:
        minor = Money.parse(form.amount.data, row.currency).minor
        return reallocate(tx, key, minor, form.to.data or None)

    def figures(moved: Reallocated) -> Figures:
        to = choices.get(moved.to_document_id or 0, say("the customer’s credit"))
        owed = money(row.total_minor - row.settled_minor + moved.amount_minor, row.currency)
        again = say("Owed on %(document)s again", document=paper_name(row))
        return [(say("Moved"), money(moved.amount_minor, row.currency)), (say("To"), to), (again, owed)]

    question = Question(
        say("Move money off %(document)s", document=paper_name(row)),
        say(
            "%(amount)s are settled on it. What is moved away is owed on it again.",
            amount=money(row.settled_minor, row.currency),
        ),
        say("Move it"),
        _back(key),
        danger=False,
    )
    return previewed(
        question,
        form,
        act,
        figures,
        lambda _, moved: say("%(amount)s moved.", amount=money(moved.amount_minor, row.currency)),
    )
