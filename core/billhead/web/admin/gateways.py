"""Gateway accounts: through which we are paid, adding one, and its settings."""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import func, select
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from billhead.actions.payments.check_gateway_account import check_gateway_account
from billhead.actions.payments.save_gateway_account import AccountEntry, save_gateway_account
from billhead.db import reading, writing
from billhead.domain.errors import GatewayError, InvalidInput, OutcomeUnknown
from billhead.models.payments import GatewayAccount, PaymentAttempt
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.plugin_host import plugins
from billhead.plugin_host.current import config
from billhead.web.admin.area import admin, found
from billhead.web.admin.columns import Column, badge, code, instant, number, text
from billhead.web.admin.listing import Listing
from billhead.web.admin.payments import UNDECIDED
from billhead.web.admin.settings import EntryForm, entered, settings_page_form
from billhead.web.errors import in_words
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, signed_in
from billhead.web.speaking import later, marked, say, speech
from billhead.wording import wording

__all__ = ["GATEWAYS"]

_undecided = (
    select(func.count())
    .select_from(PaymentAttempt)
    .where(PaymentAttempt.account_id == GatewayAccount.id, PaymentAttempt.state.in_(UNDECIDED))
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class _Lacking:
    """What the settings of a plugin lack, in English, so that payers aren't offered its accounts."""

    plugin: str
    what: str

    def told(self) -> str:
        return wording(speech().language, "pages", self.plugin).say(self.what)


def _lacking(gateway: str) -> _Lacking | None:
    offers = ((plugin, thing) for plugin, thing in plugins().offers("payment_gateways") if thing.code == gateway)
    return next((_Lacking(plugin, what) for plugin, thing in offers if (what := thing.lacks())), None)


def _offered(row: Any) -> tuple[str, str]:
    """What it says in English, and in which tone."""
    if row.paused_because:
        return f"paused: {row.paused_because}", "failed"
    if row.enabled and (lacking := _lacking(row.gateway)):
        return f"not offered: {lacking.what}", "failed"
    return ("offered", "ok") if row.enabled else ("off", "")


def _offered_badge(row: Any) -> Markup:
    word, shown = _offered(row)
    if row.paused_because:
        word = say("paused: %(why)s", why=row.paused_because)
    elif row.enabled and (lacking := _lacking(row.gateway)):
        word = say("not offered: %(why)s", why=lacking.told())
    return badge(shown, word)


GATEWAYS = Listing(
    name="gateway-accounts",
    title=marked("Gateway accounts"),
    query=select(
        GatewayAccount.id,
        GatewayAccount.name,
        GatewayAccount.code,
        GatewayAccount.gateway,
        GatewayAccount.currencies,
        GatewayAccount.enabled,
        GatewayAccount.paused_because,
        GatewayAccount.paused_at,
        GatewayAccount.position,
        _undecided.label("undecided"),
        Seller.name.label("seller"),
    ).join(Seller, Seller.id == GatewayAccount.seller_id),
    key=GatewayAccount.id,
    columns=(
        text(marked("Account"), "name", to="gateway_settings"),
        code(marked("Code"), "code"),
        text(marked("Gateway"), "gateway"),
        text(marked("Seller"), "seller"),
        Column(
            marked("Currencies"),
            lambda row: " ".join(row.currencies),
            lambda row: ", ".join(row.currencies) or say("any"),
        ),
        Column(
            marked("Offered"),
            lambda row: _offered(row)[0],
            _offered_badge,
        ),
        instant(marked("Paused since"), "paused_at"),
        number(marked("Position"), "position"),
        number(marked("Undecided"), "undecided"),
    ),
    empty=marked("Add one, and the shop can be paid."),
)


class AccountForm(EntryForm):
    name = StringField(
        later("Name"),
        filters=[stripped],
        validators=[DataRequired(later("Give it a name.")), Length(max=80)],
        description=later("As payers read it: Card, Bank transfer."),
    )
    currencies = StringField(
        later("Currencies"),
        filters=[stripped],
        description=later("Codes with blanks between: EUR USD. Empty takes any."),
    )
    position = IntegerField(
        later("Position"),
        default=0,
        validators=[InputRequired(), NumberRange(0, 1000)],
        description=later("The lowest comes first."),
    )
    enabled = BooleanField(later("Offer it to payers"), default=True)


class NewAccountForm(AccountForm):
    code = StringField(
        later("Code"),
        filters=[stripped],
        validators=[DataRequired(later("Give it a code.")), Length(max=40)],
        description=later("Small letters, digits and -. It stays as it is."),
    )


@admin.get("/gateways")
@allow("staff")
def gateways() -> ResponseReturnValue:
    add = url_for("admin.choose_gateway")
    return GATEWAYS.answer(add=add, add_label=say("Add an account"), add_needs="gateways.write")


@admin.get("/gateways/new")
@allow("staff", permission="gateways.write")
def choose_gateway() -> ResponseReturnValue:
    offered = [
        (say(thing.label), url_for("admin.new_gateway", gateway=thing.code), plugin)
        for plugin, thing in plugins().offers("payment_gateways")
    ]
    back = url_for("admin.gateways")
    return page(
        "admin/choose.html",
        title=say("Add a gateway account"),
        nothing=say("No gateway is there"),
        things=offered,
        back=back,
    )


@admin.route("/gateways/new/<gateway>", methods=["GET", "POST"])
@allow("staff", permission="gateways.write")
def new_gateway(gateway: str) -> ResponseReturnValue:
    offered = plugins().gateway(gateway)
    form = NewAccountForm()
    settings = settings_page_form(offered.settings_type, GatewayAccount(gateway=gateway, settings={}, secrets=""))
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            login = signed_in()
            assert login is not None, "the guard lets only staff in"
            with writing(current_ctx()) as tx:
                taken = select(GatewayAccount.id).where(GatewayAccount.code == form.code.data)
                if tx.session.scalar(taken) is not None:
                    raise InvalidInput("code", say("%(code)s is another account's", code=form.code.data))
                entry = _entry(form, form.code.data)
                key = save_gateway_account(tx, login.seller_id, gateway, entry, settings.values())
            flash(say("Added. Tell the gateway the callback address below, if it asks for one."), "good")
            return redirect(url_for("admin.gateway_settings", key=key), 303)
    title = say("Add an account: %(label)s", label=say(offered.label))
    shown = page("admin/settings.html", title=title, form=form, settings=settings, back=url_for("admin.gateways"))
    return shown, 422 if form.is_submitted() else 200


@admin.route("/gateways/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="gateways.write")
def gateway_settings(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, GatewayAccount, key, "gateway account")
    form = AccountForm(data=_shown(row))
    settings = settings_page_form(plugins().gateway(row.gateway).settings_type, row)
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            with writing(current_ctx()) as tx:
                save_gateway_account(tx, row.seller_id, row.gateway, _entry(form, row.code), settings.values())
            flash(say("Saved."), "good")
            return redirect(url_for("admin.gateways"), 303)
    can_check = plugins().gateway(row.gateway).capabilities().check
    shown = page(
        "admin/settings.html",
        check_url=url_for("admin.check_gateway", key=key) if can_check else "",
        title=say("Account %(name)s", name=row.name),
        form=form,
        settings=settings,
        back=url_for("admin.gateways"),
        callback_url=f"{config().base_url}/callbacks/{row.callback_token}",
        lacking=_lacking(row.gateway),
    )
    return shown, 422 if form.is_submitted() else 200


@admin.post("/gateways/<int:key>/check")
@allow("staff", permission="gateways.write")
def check_gateway(key: int) -> ResponseReturnValue:
    """It moves no money and may be repeated, so that it does not ask."""
    try:
        flash(speech().refusal(check_gateway_account(current_ctx(), key)), "good")
    except (GatewayError, OutcomeUnknown) as error:
        flash(in_words(error), "bad")
    return redirect(url_for("admin.gateway_settings", key=key), 303)


def _shown(row: GatewayAccount) -> dict[str, Any]:
    names = ("name", "position", "enabled")
    return {"currencies": " ".join(row.currencies), **{name: getattr(row, name) for name in names}}


def _entry(form: AccountForm, account_code: str) -> AccountEntry:
    currencies = tuple((form.currencies.data or "").upper().replace(",", " ").split())
    return AccountEntry(account_code, form.name.data, currencies, bool(form.enabled.data), form.position.data)
