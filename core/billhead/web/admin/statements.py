"""What the bank's files have told: each movement and what came of it, and taking in another file."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import or_, select
from wtforms import BooleanField

from billhead.actions.payments.import_statement import ImportedStatement, import_statement
from billhead.domain.errors import InvalidInput
from billhead.models.banking import BankEntry
from billhead.models.payments import GatewayAccount
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.columns import amount, code, on, state, text, word
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["BANK_ENTRIES"]

_LARGEST = 16 * 1024 * 1024

BANK_ENTRIES = Listing(
    name="bank-entries",
    title=marked("Bank statements"),
    lead=marked("What the bank has told of transfers, and what came of each."),
    query=select(
        BankEntry.id,
        BankEntry.servicer_ref,
        BankEntry.kind,
        BankEntry.payer,
        BankEntry.said,
        BankEntry.currency,
        BankEntry.amount_minor,
        BankEntry.booked_on,
        BankEntry.state,
        BankEntry.why,
        BankEntry.payment_id,
        GatewayAccount.name.label("account"),
    ).join(GatewayAccount, GatewayAccount.id == BankEntry.account_id),
    key=BankEntry.id,
    columns=(
        code(marked("Reference"), "servicer_ref"),
        text(marked("Account"), "account"),
        on(marked("Booked"), "booked_on"),
        word(marked("Kind"), "kind"),
        text(marked("From"), "payer"),
        text(marked("Says"), "said", css="clip"),
        amount(marked("Amount"), "amount_minor"),
        state(marked("State"), "state"),
        text(marked("Why"), "why", css="clip"),
        text(marked("Payment"), "payment_id", to="payment", key="payment_id"),
    ),
    choices=(
        Choice("state", marked("State"), BankEntry.state, ("booked", "linked", "unassigned", "reversed", "open")),
        Choice("kind", marked("Kind"), BankEntry.kind, ("received", "taken_back", "sent_back")),
    ),
    search=lambda typed: or_(
        BankEntry.servicer_ref == typed,
        BankEntry.payer_iban == "".join(typed.split()).upper(),
        BankEntry.payer.icontains(typed, autoescape=True),
        BankEntry.said.icontains(typed, autoescape=True),
    ),
    search_label=marked("Bank's reference, payer, IBAN or what they wrote"),
    narrow={"account": BankEntry.account_id},
    empty=marked("Take in a camt.053 or camt.054 file of the bank: transfers find their invoices by the reference."),
)


class StatementForm(Form):
    file = FileField(
        later("File of the bank"),
        validators=[FileRequired(later("Choose a file."))],
        description=later("camt.053 or camt.054, up to 16 MB. The same file twice is no harm."),
    )
    dry_run = BooleanField(later("Only show what would come of it"))


@admin.get("/statements")
@allow("staff")
def statements() -> ResponseReturnValue:
    add = url_for("admin.take_in_statement")
    return BANK_ENTRIES.answer(add=add, add_label=say("Take in a file"), add_needs="payments.write")


@admin.route("/statements/new", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def take_in_statement() -> ResponseReturnValue:
    form, shown = StatementForm(), None
    if form.validate_on_submit():
        with form.refusals():
            done = import_statement(submit_ctx(), _sent(), dry_run=form.dry_run.data)
            if not done.dry_run:
                flash(_sum(done), "good")
                return redirect(url_for("admin.statements"), 303)
            shown = done
    status = 422 if form.is_submitted() and shown is None else 200
    return page("admin/statement.html", form=form, shown=shown), status


def _sent() -> bytes:
    sent = request.files["file"]
    data = sent.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InvalidInput("file", f"it is larger than {_LARGEST // 1024**2} MB", hint="use billhead bank import")
    return data


def _sum(done: ImportedStatement) -> str:
    counts = ", ".join(f"{count} {say(what)}" for what, count in [*done.counts.items(), *done.left_out.items()])
    told = counts or say("nothing has moved")
    return f"{done.account}: {told}."
