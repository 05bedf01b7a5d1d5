"""The staff's pages: batches of cards with what became of them, a new batch, one card, and what is blocked."""

from datetime import date

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from billhead.plugin import (
    BillheadError,
    InvalidInput,
    Money,
    allow,
    current_host,
    in_staff_menu,
    later,
    marked,
    say,
    say_count,
    say_refusal,
    staff_page,
)
from billhead_voucher.making import MOST_CARDS, Batch, batches, block, drawn, look_at, make, unused
from billhead_voucher.pins import key_of
from billhead_voucher.sheet import batches_csv, csv_of, pdf_of

__all__ = ["voucher"]

voucher = Blueprint("voucher", __name__, template_folder="templates")

_MAKES = "vouchers.write"
_SEES = "vouchers.read"
_REDEEM = marked("Open your invoice, choose the recharge card, and type the PIN.")


class BatchForm(FlaskForm):
    code = StringField(
        later("Name of the batch"),
        [DataRequired(), Length(max=20)],
        description=later("Letters, digits and dashes: it begins each card's serial number."),
    )
    account = SelectField(later("Redeemed at"), [DataRequired()])
    value = StringField(later("Value of a card"), [DataRequired()], description=later("Like 10.00"))
    currency = StringField(
        later("Currency"), [DataRequired(), Length(3, 3)], default="EUR", description=later("Three letters.")
    )
    count = IntegerField(later("How many cards"), [InputRequired(), NumberRange(1, MOST_CARDS)])
    valid_until = DateField(later("Valid until"), [InputRequired()], description=later("The last day, in UTC."))
    seller = StringField(later("Your name on the cards"), [DataRequired(), Length(max=60)])
    redeem = StringField(later("How to redeem them"), [DataRequired(), Length(max=200)], default=lambda: say(_REDEEM))
    note = StringField(later("Note"), [Length(max=200)], description=later("For yourselves: which shop gets them."))
    file = SelectField(
        later("File"),
        choices=[SelectChoice("pdf", later("PDF to print")), SelectChoice("csv", "CSV")],
        default="pdf",
    )


class BlockForm(FlaskForm):
    reason = StringField(
        later("Reason"),
        [DataRequired(), Length(max=200)],
        description=later("Stands in the audit trail beside your name."),
    )


@voucher.get("/")
@allow("staff", permission=_SEES)
@in_staff_menu("Recharge cards")
def overview() -> ResponseReturnValue:
    """All batches; with `card`, what became of that card."""
    host = current_host("voucher")
    found, serial, refused = None, request.args.get("card", "").strip(), ""
    if serial:
        try:
            found = look_at(host, serial)
        except BillheadError as error:
            refused = say_refusal(error.message)
    return staff_page(
        "voucher/batches.html", batches=batches(host), card=found, serial=serial, refused=refused,
        accounts=host.gateway_accounts(),
    )  # fmt: skip


@voucher.get("/batches.csv")
@allow("staff", permission=_SEES)
def as_csv() -> ResponseReturnValue:
    found = batches(current_host("voucher"))
    return _file(batches_csv(found).encode(), "text/csv", "recharge-cards.csv")


@voucher.route("/new", methods=["GET", "POST"])
@allow("staff", permission=_MAKES)
def new_batch() -> ResponseReturnValue:
    """The answer to the form is the file with the PINs: they stand there and nowhere else."""
    host, form, refused = current_host("voucher"), BatchForm(), ""
    form.account.choices = [SelectChoice(code, name) for code, name in host.gateway_accounts().items()]
    if form.validate_on_submit():
        try:
            return _made(form)
        except InvalidInput as error:
            refused = f"{error.field}: {say_refusal(error.why)}" if error.field else say_refusal(error.message)
        except BillheadError as error:
            refused = say_refusal(error.message) + (f" ({say_refusal(error.hint)})" if error.hint else "")
    return staff_page("voucher/new.html", form=form, refused=refused, accounts=host.gateway_accounts())


def _made(form: BatchForm) -> Response:
    host = current_host("voucher")
    key_of(host)
    value = Money.parse(form.value.data or "", (form.currency.data or "").upper())
    until: date = form.valid_until.data
    batch = Batch(form.code.data or "", form.account.data, value, form.count.data or 0, until, form.note.data or "")
    made = drawn(batch, host.now().date())
    pdf = form.file.data == "pdf"
    content = pdf_of(made, form.seller.data or "", form.redeem.data or "") if pdf else csv_of(made)
    make(host, batch, made)
    host.audit("make", f"voucher_batch:{batch.code}", details={"value": str(value), "count": batch.count})
    return _file(content, "application/pdf" if pdf else "text/csv", f"{batch.code}.{form.file.data}")


@voucher.route("/block/<name>", methods=["GET", "POST"])
@allow("staff", permission=_MAKES)
def block_cards(name: str) -> ResponseReturnValue:
    """A batch or one card, after a question that says how much is at stake."""
    host, form = current_host("voucher"), BlockForm()
    count, worth = unused(host, name)
    if form.validate_on_submit():
        done = block(host, name, form.reason.data or "")
        host.audit("block", f"voucher_batch:{name}", reason=form.reason.data or "", details={"cards": done})
        flash(
            say("Unused cards of %(name)s that can't be redeemed any more: %(count)s.", name=name, count=done), "good"
        )
        return redirect(url_for("voucher.overview"), 303)
    cards = say_count("%(count)d unused card", "%(count)d unused cards", count)
    return staff_page("voucher/block.html", form=form, name=name, cards=cards, worth=worth)


def _file(data: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, mimetype=kind, headers=headers)
