"""The staff's pages: the table of rates, a file that is taken in after a look at it, the table as a file."""

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField

from billhead.plugin import (
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
from billhead_sales_tax.rate_file import COLUMNS, Fault, look_through, percent, written_rates
from billhead_sales_tax.rates import Rate
from billhead_sales_tax.store import current_rates, own_rates, write_rates

__all__ = ["sales_tax"]

sales_tax = Blueprint("sales_tax", __name__, template_folder="templates")

_SETS = "sellers.write"
_PAGE = 100
_LARGEST = 8 * 1024 * 1024  # what the pages say of it stands there in words
_MOST_FAULTS = 100


class RatesFileForm(FlaskForm):
    file = FileField(later("File"), description=later("CSV in UTF-8, up to 8 MB, as the export has it."))
    dry_run = BooleanField(later("Only show what would come of it"), default=True)


class ForgetForm(FlaskForm):
    """Nothing but the token."""


@sales_tax.get("/")
@allow("staff")
@in_staff_menu("Tax rates by table")
def overview() -> ResponseReturnValue:
    host = current_host("sales_tax")
    mine = {rate.key for rate in own_rates(host)}
    wanted, own = request.args.get("place", "").strip().upper(), "own" in request.args
    typed = request.args.get("postcode", "").upper()
    postcode = "".join(sign for sign in typed if sign.isalnum())
    found = [
        rate for rate in current_rates(host).rows if _fits(rate, wanted, postcode) and (rate.key in mine or not own)
    ]
    number = request.args.get("page", "1")
    at = int(number) if number.isascii() and number.isdecimal() and 0 < len(number) < 6 else 1
    at = min(max(at, 1), max(1, -(-len(found) // _PAGE)))
    rows = [
        {"rate": rate, "percent": percent(rate.rate_ppm), "own": rate.key in mine,
         "state": _state(rate)}
        for rate in found[(at - 1) * _PAGE : at * _PAGE]
    ]  # fmt: skip
    return staff_page(
        "sales_tax/rates.html", rows=rows, counted=_counted(len(found)), at=at, pages=-(-len(found) // _PAGE),
        wanted=wanted, postcode=postcode, own=own, has_own=bool(mine),
    )  # fmt: skip


def _fits(rate: Rate, place: str, postcode: str) -> bool:
    """A country with its regions, or a region with its country's; of postcodes those that the typed one begins with."""
    near = not place or rate.place in (place, place.partition("-")[0]) or rate.place.startswith(f"{place}-")
    return near and (not postcode or (bool(rate.postcode) and postcode.startswith(rate.postcode)))


def _state(rate: Rate) -> str:
    today = current_host("sales_tax").now().date()
    return marked("now") if rate.holds(today) else marked("coming") if rate.since > today else marked("past")


@sales_tax.get("/rates.csv")
@allow("staff")
def export() -> ResponseReturnValue:
    """All rows, or with `own` those of the operator: to be changed, and taken in again."""
    host = current_host("sales_tax")
    rates = own_rates(host) if "own" in request.args else current_rates(host).rows
    headers = {"Content-Disposition": 'attachment; filename="rates.csv"', "Cache-Control": "no-store"}
    return Response(written_rates(rates), mimetype="text/csv", headers=headers)


@sales_tax.route("/file", methods=["GET", "POST"])
@allow("staff", permission=_SETS)
def take_in() -> ResponseReturnValue:
    host, form = current_host("sales_tax"), RatesFileForm()
    faults: list[Fault] = []
    shown: dict[str, int] | None = None
    if form.validate_on_submit():
        name, text, refused = _sent()
        if refused:
            form.file.errors = [refused]
        else:
            rates, faults = look_through(text)
            if not faults and not form.dry_run.data:
                write_rates(host, rates)
                host.audit("import", "sales_tax:rates", details={"file": name, "rates": len(rates)})
                flash(say("%(file)s is in force: %(rates)s.", file=name, rates=_counted(len(rates))), "good")
                return redirect(url_for("sales_tax.overview", own=1), 303)
            shown = None if faults else _what_comes(rates)
    status = 422 if form.is_submitted() and shown is None else 200
    return (
        staff_page(
            "sales_tax/file.html", form=form, faults=[one._replace(why=say_refusal(one.why)) for one in
            faults[:_MOST_FAULTS]], more=max(0, len(faults) - _MOST_FAULTS),
            shown=shown, columns=COLUMNS,
        ),
        status,
    )  # fmt: skip


def _counted(rates: int) -> str:
    return say_count("%(count)d rate", "%(count)d rates", rates)


def _sent() -> tuple[str, str, str]:
    """(name, text, why it can't be read)."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return "", "", say("Choose a file.")
    data = sent.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        return "", "", say("It is larger than 8 MB: use billhead x sales_tax import.")
    try:
        return sent.filename, data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        return "", "", say("It is not UTF-8 text: byte %(at)s is none.", at=error.start)


def _what_comes(rates: list[Rate]) -> dict[str, int]:
    """Keys are replaced as a whole, so it is counted by them: new ones, and those whose rows are others now."""
    host = current_host("sales_tax")
    before: dict[object, list[Rate]] = {}
    for rate in current_rates(host).rows:
        before.setdefault(rate.key, []).append(rate)
    after: dict[object, list[Rate]] = {}
    for rate in rates:
        after.setdefault(rate.key, []).append(rate)
    new = sum(key not in before for key in after)
    same = sum(before.get(key) == rows for key, rows in after.items())
    return {"rows": len(rates), "new": new, "changed": len(after) - new - same, "same": same}


@sales_tax.route("/forget", methods=["GET", "POST"])
@allow("staff", permission=_SETS)
def forget() -> ResponseReturnValue:
    """A question first: how many rows go, and whether shipped ones hold again."""
    host, form = current_host("sales_tax"), ForgetForm()
    place, tax = request.args.get("place", "").upper(), request.args.get("tax", "")
    keys = sorted({rate.key for rate in own_rates(host) if (rate.place, rate.tax) == (place, tax)})
    if not keys:
        abort(404)
    if form.validate_on_submit():
        write_rates(host, [], forget=keys)
        host.audit("forget", f"sales_tax:{place}", details={"tax": tax, "rates": len(keys)})
        flash(say("Your rows of %(tax)s in %(place)s are gone.", tax=tax, place=place), "good")
        return redirect(url_for("sales_tax.overview", place=place), 303)
    rows = sum(rate.key in keys for rate in own_rates(host))
    told = say_count(
        "%(count)d row goes; where there are shipped ones, they hold again.",
        "%(count)d rows go; where there are shipped ones, they hold again.",
        rows,
    )
    return staff_page("sales_tax/forget.html", form=form, place=place, tax=tax, told=told)
