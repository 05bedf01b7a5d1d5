"""Exchange rates: those that are known, entering one, and taking in a file."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import func, select
from wtforms import DateField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from billhead import clock
from billhead.actions.rates.enter_rate import enter_rate
from billhead.actions.rates.import_rates import import_rates
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.models.documents import Document
from billhead.models.sellers import ExchangeRate, Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.columns import on, text
from billhead.web.admin.listing import Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.places import currency_choices
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["RATES"]

_LARGEST = 8_000_000

RATES = Listing(
    name="exchange-rates",
    title=marked("Exchange rates"),
    lead=marked("What a document in another currency is worth in its seller's is frozen by these, for reports."),
    query=select(
        ExchangeRate.id,
        ExchangeRate.day,
        ExchangeRate.currency,
        ExchangeRate.base,
        ExchangeRate.rate,
        ExchangeRate.source,
    ),
    key=ExchangeRate.id,
    columns=(
        on(marked("Day"), "day"),
        text(marked("One"), "currency"),
        text(marked("is"), "rate", css="num"),
        text(marked("of"), "base"),
        text(marked("From"), "source"),
    ),
    search=lambda typed: (ExchangeRate.currency == typed.upper()) | (ExchangeRate.base == typed.upper()),
    search_label=marked("Currency"),
    empty=marked("Enter a rate or take in a file, and documents in other currencies know what they are worth at home."),
)


class RatesForm(Form):
    file = FileField(
        later("File"),
        validators=[FileRequired(later("Choose a file."))],
        description=later(
            "CSV with day,currency,base,rate, or Date,USD,JPY,… as central banks publish it. All or nothing."
        ),
    )


@admin.get("/rates")
@allow("staff")
def rates() -> ResponseReturnValue:
    file = say("Take in a file"), url_for("admin.take_in_rates"), "rates.write"
    add = url_for("admin.enter_one_rate")
    return RATES.answer(add=add, add_label=say("Enter a rate"), add_needs="rates.write", downloads=[file])


class RateForm(Form):
    day = DateField(later("Day"), validators=[InputRequired(later("Which day?"))])
    currency = SelectField(later("One of"), choices=currency_choices)
    rate = StringField(
        later("Is worth"),
        filters=[stripped],
        validators=[DataRequired(later("How much?"))],
        description=later("Digits with a dot: 0.9215."),
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    base = SelectField(later("In which currency"), choices=currency_choices)
    source = StringField(
        later("Source"),
        filters=[stripped],
        validators=[DataRequired(later("Who says so?")), Length(max=100)],
        description=later("The bank or the office that has published it."),
    )


@admin.route("/rates/one", methods=["GET", "POST"])
@allow("staff", permission="rates.write")
def enter_one_rate() -> ResponseReturnValue:
    with reading() as session:
        seller = found(session, Seller, own_seller_id(), "seller")
    form = RateForm(data={"base": seller.currency, "day": clock.today_in(seller.zone)})
    if form.validate_on_submit():
        with form.refusals():
            told = form.day.data, form.currency.data, form.base.data, form.rate.data or "", form.source.data or ""
            with writing(submit_ctx()) as tx:
                done = enter_rate(tx, *told)
            pair = {"currency": form.currency.data, "rate": done.rate, "base": form.base.data}
            said = say("1 %(currency)s is %(rate)s %(base)s that day.", **pair)
            before = say("It was %(rate)s.", rate=done.before) if done.before else ""
            flash(f"{said} {before}".strip(), "good")
            return redirect(url_for("admin.rates"), 303)
    lead = say("It holds until a newer one comes, 31 days at most. What documents have frozen stays.")
    shown = page(
        "admin/entry.html",
        form=form,
        title=say("An exchange rate"),
        lead=lead,
        back=url_for("admin.rates"),
        section="rates",
    )
    return shown, 422 if form.is_submitted() else 200


@admin.route("/rates/new", methods=["GET", "POST"])
@allow("staff", permission="rates.write")
def take_in_rates() -> ResponseReturnValue:
    form = RatesForm()
    if form.validate_on_submit():
        with form.refusals():
            name, text_of_file = _sent()
            with writing(submit_ctx()) as tx:
                done = import_rates(tx, text_of_file, name)
            flash(
                say(
                    "Rates that are new: %(new)s, replaced: %(replaced)s, known before: %(unchanged)s.",
                    new=done.new,
                    replaced=done.replaced,
                    unchanged=done.unchanged,
                ),
                "good",
            )
            return redirect(url_for("admin.rates"), 303)
    with reading() as session:
        missing = select(func.count()).where(Document.base_minor.is_(None), Document.base_currency != "")
        without = session.scalar(missing)
    return page("admin/rates.html", form=form, without=without), 422 if form.is_submitted() else 200


def _sent() -> tuple[str, str]:
    sent = request.files["file"]
    data = sent.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InvalidInput("file", f"it is larger than {_LARGEST // 1_000_000} MB", hint="use billhead rates import")
    try:
        return (sent.filename or "")[:100], data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("file", "it is not text in UTF-8") from None
