"""How a seller bills: drafts, when numbers are given, and how they are written, with what the next one looks like."""

from dataclasses import asdict

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from billhead import clock
from billhead.actions.payments._policy import money_back_of
from billhead.actions.sellers._billing_rules import BillingRules, rules_of
from billhead.actions.sellers.set_billing_rules import set_billing_rules
from billhead.actions.sellers.set_money_back import MoneyBack, set_money_back
from billhead.actions.sellers.set_number_series import KINDS, preview_set_number_series, set_number_series
from billhead.db import reading, writing
from billhead.domain.numbering import fiscal_year
from billhead.models.sellers import NumberSeries, Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.plan_forms import OPEN_INVOICES
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say, say_word

__all__: list[str] = []

_USUAL = "{prefix}{year}-{number:06d}"


def _days(label: str, hint: str) -> IntegerField:
    return IntegerField(label, validators=[InputRequired(later("Write a number of days."))], description=hint)


class RulesForm(Form):
    terms_days = _days(later("Days to pay"), later("Invoice date and so many days are the due date."))
    lead_days = _days(later("Days ahead"), later("A renewal by hand is offered so long before the time is over."))
    proforma_days = _days(
        later("Days that an offer stands"), later("So long after it was due an unpaid proforma expires.")
    )
    grace_hours = IntegerField(
        later("Hours of grace"),
        validators=[InputRequired(later("Write a number of hours."))],
        description=later(
            "A line runs so long after what is paid, so that a late payment or an outage here cuts nobody off. "
            "It holds from a line's next payment on."
        ),
    )
    draft_days = _days(later("Days as a draft"), later("0: invoices are final at once."))
    hold_for_review = BooleanField(later("Drafts wait until staff make them final"))
    number_on = SelectField(
        later("Numbers are given"),
        choices={
            "finalisation": later("when an invoice is issued"),
            "payment": later("when it is paid; a proforma comes first"),
        },
    )
    number_proformas = BooleanField(later("Proformas have a reference of their own"))
    mac_swaps = IntegerField(
        later("Boxes that customers exchange in a month"),
        validators=[InputRequired(later("Write a number."))],
        description=later("By themselves, for each line; a plan may say otherwise. 0: only staff do it."),
    )
    tax_rounding = SelectField(
        later("Tax is rounded"),
        choices={
            "per_line": later("on each line"),
            "per_rate_keep_net": later("once for each rate, on the sum of the net amounts"),
            "per_rate_keep_gross": later("once for each rate, out of the sum with tax"),
        },
        description=later("What is issued or offered already stays as it is."),
    )
    fiscal_year_start_month = IntegerField(
        later("Month in which the fiscal year begins"),
        validators=[InputRequired(later("Write a month from 1 to 12."))],
    )
    credit_pays_open = BooleanField(
        later("What a credit note sets free pays other open invoices first"),
        description=later("Those of the same subscription, the oldest first. Otherwise all of it is given back."),
    )
    chargeback = SelectField(
        later("The time that charged-back money had bought ends"),
        choices={
            "at_once": later("as soon as the bank takes the money back"),
            "at_loss": later("when the dispute is lost"),
        },
    )
    bad_debt_tax = SelectField(
        later("A debt that is given up is lost"),
        choices={
            "keep": later("with its tax"),
            "reclaim": later("without its tax, which is taken off what is owed to the tax office"),
        },
        description=later("Ask whoever does your taxes: many countries give the tax back only under conditions."),
    )
    open_invoices = SelectField(
        later("Unpaid invoices of what was canceled"),
        choices={rule: told for rule, told in OPEN_INVOICES.items() if rule},
        default="credit",
        description=later("Canceled by customers, by staff, or because nobody paid. A plan may say otherwise."),
    )


class SeriesForm(Form):
    kind = SelectField(later("For"), choices=lambda: {kind: say_word(kind) for kind in KINDS})
    fiscal_year = IntegerField(later("Fiscal year"), validators=[InputRequired(later("Write a year."))])
    format = StringField(
        later("Format"),
        filters=[stripped],
        validators=[DataRequired(later("Write a format.")), Length(max=80)],
        description="{prefix} {year} {yy} {month} {number:06d}",
    )
    prefix = StringField(later("Prefix"), validators=[Length(max=20)])
    next_number = IntegerField(
        later("Next number"),
        validators=[MayBeEmpty(), NumberRange(1, 999_999_999)],
        description=later(
            "For who comes from another system, until the first number of the series is given. Empty: it goes on."
        ),
    )


@admin.route("/sellers/<int:key>/billing", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def seller_billing(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
    rules, policy = asdict(rules_of(row)), asdict(money_back_of(row))
    form = RulesForm(data=rules | policy)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                set_billing_rules(tx, key, BillingRules(**{name: form[name].data for name in rules}))
                set_money_back(tx, key, MoneyBack(**{name: form[name].data for name in policy}))
            flash(say("Saved. It holds from the next document on."), "good")
            return redirect(url_for("admin.seller_billing", key=key), 303)
    shown = page("admin/seller_billing.html", seller_row=row, form=form)
    return shown, 422 if form.is_submitted() else 200


@admin.route("/sellers/<int:key>/numbers", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def seller_numbers(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
        series = session.scalars(
            select(NumberSeries)
            .where(NumberSeries.seller_id == key)
            .order_by(NumberSeries.fiscal_year.desc(), NumberSeries.kind)
        ).all()
    today = clock.today_in(row.zone)
    form = SeriesForm(fiscal_year=fiscal_year(today, row.fiscal_year_start_month), format=_USUAL)
    if form.validate_on_submit():
        with form.refusals():
            told = (
                form.kind.data,
                form.fiscal_year.data,
                form.format.data,
                form.prefix.data or "",
                form.next_number.data,
            )
            with writing(submit_ctx()) as tx:
                done = set_number_series(tx, key, *told)
            flash(say("Saved. The next one is %(number)s.", number=done.next_text), "good")
            return redirect(url_for("admin.seller_numbers", key=key), 303)
    rows = [
        (one, preview_set_number_series(one.format, one.prefix, one.fiscal_year, one.next_number, today))
        for one in series
    ]
    shown = page("admin/seller_numbers.html", seller_row=row, rows=rows, form=form)
    return shown, 422 if form.is_submitted() else 200
