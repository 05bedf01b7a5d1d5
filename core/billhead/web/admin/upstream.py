"""Panels that sell time: what is bought for which plan, and the limits of spending."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import DecimalField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from billhead.actions.panels.choose_packages import ChosenPackage, choose_packages
from billhead.actions.panels.read_balance import read_balance
from billhead.actions.panels.set_spending import set_spending
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Term
from billhead.models.catalogue import Plan
from billhead.models.panels import Panel, PanelPackage
from billhead.plugin import Expiry, allow
from billhead.plugin_host import capabilities_of
from billhead.web.admin.area import admin, found
from billhead.web.admin.purchases import credits_of
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import later, say, say_count

__all__: list[str] = []


class SpendingForm(Form):
    cap = DecimalField(
        later("At most so many credits a day"), places=2, default=0,
        validators=[InputRequired(), NumberRange(0, 10**9)],
        description=later("0 is no limit. When it is reached, lines wait until tomorrow."),
    )  # fmt: skip
    low = DecimalField(
        later("Tell when our credit falls below"), places=2, default=0,
        validators=[InputRequired(), NumberRange(0, 10**9)],
        description=later("0 is never."),
    )  # fmt: skip
    cost = StringField(
        later("What a credit costs"),
        filters=[stripped],
        validators=[Optional(), Length(max=20)],
        description=later("Like 2.50. Without it purchases are counted in credits only, and no cost is booked."),
    )
    currency = StringField(later("Its currency"), filters=[stripped], validators=[Optional(), Length(min=3, max=3)])


@admin.route("/panels/<int:key>/spending", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_spending(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Panel, key, "panel")
    form = SpendingForm(data=_spending(row))
    if form.validate_on_submit():
        with form.refusals():
            currency = (form.currency.data or "").upper()
            cost = _minor(form.cost.data or "", currency)
            with writing(submit_ctx()) as tx:
                set_spending(
                    tx,
                    key,
                    cap_minor=int(form.cap.data * 100),
                    low_minor=int(form.low.data * 100),
                    credit_cost_minor=cost,
                    currency=currency,
                )
            flash(say("Saved."), "good")
            return redirect(url_for("admin.panel", key=key), 303)
    back = url_for("admin.panel", key=key)
    shown = page(
        "admin/entry.html", form=form, title=say("Credits on %(panel)s", panel=row.name), back=back, section="panels"
    )
    return shown, 422 if form.is_submitted() else 200


def _spending(row: Panel) -> dict[str, Any]:
    cost = Money(row.credit_cost_minor, row.credit_cost_currency) if row.credit_cost_currency else None
    return {
        "cap": Money(row.spend_cap_minor, CREDITS).decimal(),
        "low": Money(row.balance_low_minor, CREDITS).decimal(),
        "cost": str(cost.decimal()) if cost is not None else "",
        "currency": row.credit_cost_currency,
    }


def _minor(typed: str, currency: str) -> int:
    if not typed:
        return 0
    if not currency:
        raise InvalidInput("currency", "is needed with a cost")
    return Money.parse(typed, currency).minor


class PackagesForm(Form):
    on = TextAreaField(
        later("What is bought"),
        description=later(
            "One a row: a plan's code, the term as it is sold or the word trial, = and the package's id. "
            "Like: basic 1 month = 4"
        ),
        render_kw={"rows": 10},
    )

    def chosen(self) -> list[ChosenPackage]:
        rows = []
        for row in filter(None, map(str.strip, (self.on.data or "").splitlines())):
            left, sign, package = row.rpartition("=")
            plan, _, term = left.strip().partition(" ")
            if not sign or not term.strip() or not package.strip():
                raise InvalidInput("on", f"{row!r} does not name a plan, a term and a package")
            rows.append(ChosenPackage(plan, term.strip(), package.strip()))
        return rows


@admin.route("/panels/<int:key>/packages", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_packages(key: int) -> ResponseReturnValue:
    """Saving asks the panel for its packages, so that price and length are the panel's."""
    with reading() as session:
        row = found(session, Panel, key, "panel")
        rows = _chosen(session, key)
    form = PackagesForm(data={"on": "\n".join(f"{plan} {one.term} = {one.package}" for one, plan in rows)})
    if form.validate_on_submit():
        with form.refusals():
            saved = choose_packages(current_ctx(), key, form.chosen())
            flash(say("Saved: %(saved)s chosen.", saved=saved), "good")
            return redirect(url_for("admin.panel_packages", key=key), 303)
    shown = page(
        "admin/panel_packages.html",
        panel=row,
        form=form,
        rows=[(one, plan, _mismatch(one)) for one, plan in rows],
        able=_sells(row),
    )
    return shown, 422 if form.is_submitted() else 200


@admin.post("/panels/<int:key>/balance")
@allow("staff", permission="panels.write")
def read_panel_balance(key: int) -> ResponseReturnValue:
    """One harmless question; it does not ask."""
    read = read_balance(current_ctx(), key)
    if read is None:
        flash(say("This panel keeps no credit for us, or is not called now."), "warn")
    elif read.balance_minor is None:
        flash(say("It did not tell: %(why)s", why=read.why), "bad")
    else:
        flash(say("%(credits)s are left.", credits=credits_of(read.balance_minor)), "good")
    return redirect(url_for("admin.panel", key=key), 303)


def _sells(row: Panel) -> bool:
    able = capabilities_of(row)
    return able is not None and able.expiry is Expiry.PURCHASED


def _chosen(session: Session, panel_id: int) -> list[tuple[PanelPackage, str]]:
    rows = session.execute(
        select(PanelPackage, Plan.code)
        .join(Plan, Plan.id == PanelPackage.plan_id)
        .where(PanelPackage.panel_id == panel_id)
        .order_by(Plan.code, PanelPackage.term)
    )
    return [(one, plan) for one, plan in rows]


def _mismatch(one: PanelPackage) -> str:
    """What is bought lasts longer or shorter than what is sold: said in days, a month taken as 30."""
    if one.term == "trial" or one.term == one.package_term:
        return ""
    days = Term.parse(one.package_term).about_days - Term.parse(one.term).about_days
    months = Term.parse(one.term).months and not Term.parse(one.package_term).months
    if not days:
        return say("ends up to three days apart from a calendar month") if months else ""
    return (
        say_count("%(count)s day longer than what is sold", "%(count)s days longer than what is sold", days)
        if days > 0
        else say_count("%(count)s day shorter than what is sold", "%(count)s days shorter than what is sold", -days)
    )
