"""The staff's page: which rate holds where, what is coming, and rates that the operator knows better."""

from collections.abc import Sequence
from datetime import date

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from billhead.plugin import (
    InvalidInput,
    allow,
    current_host,
    in_staff_menu,
    later,
    marked,
    say,
    say_refusal,
    staff_page,
)
from billhead_eu_vat.places import SHIPPED
from billhead_eu_vat.rates import OwnRate, Rates, percent, read_percent
from billhead_eu_vat.store import forget_rate, own_rates, set_rate

__all__ = ["eu_vat"]

eu_vat = Blueprint("eu_vat", __name__, template_folder="templates")

_SETS = "sellers.write"


class RateForm(FlaskForm):
    place = SelectField(later("Place"), choices={place: place for place in SHIPPED})
    tax_class = StringField(
        later("Tax class"), [Length(max=30)],
        description=later(
            "Like tv, for a reduced rate. Empty: the standard rate, for everything without a rate of its own."
        ),
    )  # fmt: skip
    rate = StringField(
        later("Percent"),
        [Length(max=12)],
        description=later("Like 25.5. Empty: this class takes the standard rate again."),
    )
    since = DateField(
        later("From"), [InputRequired(later("Which day?"))], description=later("The first day on which it holds.")
    )


class ForgetForm(FlaskForm):
    """Nothing but the token."""


@eu_vat.get("/")
@allow("staff")
@in_staff_menu("EU VAT rates")
def overview() -> ResponseReturnValue:
    """Each place with its rate of today, the one before and the ones to come; own rows are marked."""
    host = current_host("eu_vat")
    mine, today = own_rates(host), host.now().date()
    ours = {(one.place, one.tax_class, one.since) for one in mine}
    wanted = request.args.get("place", "").strip().upper()
    rows = [
        {"place": place, "tax_class": tax_class, "since": since, "rate": _shown(ppm), "state": state,
         "own": (place, tax_class, since) in ours}
        for (place, tax_class), history in sorted(Rates(mine).histories().items())
        if wanted in ("", place)
        for since, ppm, state in _said(history, today, everything=bool(wanted))
    ]  # fmt: skip
    return staff_page("eu_vat/rates.html", rows=rows, wanted=wanted, own=len(mine))


def _shown(ppm: int | None) -> str:
    return f"{percent(ppm)} %" if ppm is not None else ""


def _said(
    history: Sequence[tuple[date, int | None]], today: date, *, everything: bool
) -> list[tuple[date, int | None, str]]:
    """What holds and what comes; of one place all that ever held."""
    past, coming, holds = marked("past"), marked("coming"), marked("now")
    now = max((since for since, _ in history if since <= today), default=None)
    found = [(since, ppm, holds if since == now else coming if since > today else past) for since, ppm in history]
    return [one for one in found if everything or one[2] != past]


@eu_vat.route("/new", methods=["GET", "POST"])
@allow("staff", permission=_SETS)
def new_rate() -> ResponseReturnValue:
    form = RateForm(place=request.args.get("place", ""))
    if form.validate_on_submit():
        try:
            rate = OwnRate(
                form.place.data,
                form.since.data,
                read_percent(form.rate.data or ""),
                (form.tax_class.data or "").strip(),
            )
            set_rate(current_host("eu_vat"), rate)
            flash(say("Saved. It holds for documents whose tax point is %(day)s or later.", day=rate.since), "good")
            return redirect(url_for("eu_vat.overview", place=rate.place), 303)
        except InvalidInput as error:
            named = getattr(form, error.field or "", form.rate)
            named.errors = [*named.errors, _refused(error)]
    return staff_page("eu_vat/new.html", form=form), 422 if form.is_submitted() else 200


def _refused(error: InvalidInput) -> str:
    """Why, and what to do instead, in the language of the page."""
    return f"{say_refusal(error.why)}. {say_refusal(error.hint or '')}".strip()


@eu_vat.route("/forget", methods=["GET", "POST"])
@allow("staff", permission=_SETS)
def forget() -> ResponseReturnValue:
    """A question first: what would hold instead."""
    host, form = current_host("eu_vat"), ForgetForm()
    place, tax_class = request.args.get("place", ""), request.args.get("tax_class", "")
    mine = own_rates(host)
    one = next(
        (
            one
            for one in mine
            if (one.place, one.tax_class, one.since.isoformat()) == (place, tax_class, request.args.get("since"))
        ),
        None,
    )
    if one is None:
        abort(404)
    if form.validate_on_submit():
        forget_rate(host, one.place, one.tax_class, one.since)
        flash(say("It is gone."), "good")
        return redirect(url_for("eu_vat.overview", place=one.place), 303)
    instead = Rates([other for other in mine if other != one]).on(one.place, one.tax_class, one.since)
    return staff_page("eu_vat/forget.html", form=form, one=one, rate=_shown(one.rate_ppm), instead=_shown(instead))
