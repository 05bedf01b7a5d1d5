"""Setting up what is asked over the network: the mail server, a panel, a way to be paid. Each is tried at once."""

from dataclasses import asdict
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, EmailField, StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.codes import code_of, free_code
from billhead.actions.panels.check_panel import check_panel
from billhead.actions.panels.import_bouquets import import_bouquets
from billhead.actions.panels.save_panel import PanelEntry, save_panel
from billhead.actions.payments.check_gateway_account import check_gateway_account
from billhead.actions.payments.save_gateway_account import AccountEntry, save_gateway_account
from billhead.actions.plugins.save_plugin_settings import save_plugin_settings
from billhead.actions.setup.send_test_mail import send_test_mail
from billhead.db import reading, writing
from billhead.domain.errors import GatewayError, OutcomeUnknown
from billhead.domain.whole_number import whole_number
from billhead.models.operations import PluginState
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount
from billhead.plugin import allow
from billhead.plugin_host import open_settings, plugins
from billhead.web.admin.area import admin, own_seller_id
from billhead.web.admin.settings import EntryForm, entered, settings_page_form
from billhead.web.admin.setup import next_step, step_page
from billhead.web.forms import Form, stripped
from billhead.web.offered import offered
from billhead.web.request_context import current_ctx, signed_in
from billhead.web.speaking import later, say, speech

__all__: list[str] = []

_EMAIL = "email"
_SHOWN = 20


class TestMailForm(Form):
    recipient = EmailField(
        later("To"), filters=[stripped], validators=[DataRequired(later("Write an address.")), Length(max=200)]
    )


@admin.route("/setup/mail", methods=["GET", "POST"])
@allow("staff", permission="plugins.write")
def setup_mail() -> ResponseReturnValue:
    name, channel = _mail_channel()
    if channel is None:
        return step_page("mail", "admin/setup_mail.html", trial=None)
    form, settings = EntryForm(), settings_page_form(channel.settings_type, _as_saved(name))
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            with writing(current_ctx()) as tx:
                save_plugin_settings(tx, name, settings.values())
            flash(say("Saved. Now send a test mail."), "good")
            return redirect(url_for("admin.setup_mail"), 303)
    return step_page("mail", "admin/setup_mail.html", form=form, settings=settings, trial=_trial())


def _mail_channel() -> tuple[str, Any]:
    """With the name of its plugin; ("", None) where there is none."""
    found = ((name, one) for name, one in plugins().offers("notification_channels") if one.code == _EMAIL)
    return next(found, ("", None))


def _as_saved(name: str) -> PluginState:
    with reading() as session:
        return session.get(PluginState, name) or PluginState(name=name, settings={}, secrets="")


def _trial() -> TestMailForm:
    login = signed_in()
    assert login is not None, "the guard lets only staff in"
    return TestMailForm(formdata=None, data={"recipient": login.email})


@admin.post("/setup/mail/test")
@allow("staff", permission="plugins.write")
def setup_test_mail() -> ResponseReturnValue:
    """A mail to oneself may be sent as often as one likes, and does not ask."""
    form = TestMailForm()
    name, channel = _mail_channel()
    if channel is None:
        return redirect(url_for("admin.setup_mail"), 303)
    settings = settings_page_form(channel.settings_type, _as_saved(name), formdata=None)
    if form.validate_on_submit():
        with form.refusals(), settings.refusals_of(form):
            open_settings(channel.settings_type, _as_saved(name))
            tried = send_test_mail(current_ctx(), own_seller_id(), form.recipient.data)
            if tried.ok:
                flash(say("The mail is on its way: %(said)s", said=tried.said), "good")
                return redirect(next_step("mail"), 303)
            form.refused.append(say("It was not sent: %(said)s", said=tried.said))
        if settings.errors:
            form.refused.append(say("It was not sent: the settings above have to be saved first."))
    shown = {"form": EntryForm(formdata=None), "settings": settings, "trial": form}
    return step_page("mail", "admin/setup_mail.html", **shown)


class PanelForm(EntryForm):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("Give it a name.")), Length(max=80)]
    )
    bring = BooleanField(later("Bring its bouquets into the catalogue"), default=True)


def _code(session: Session, column: Any, wanted: str) -> str:
    """Of the module or gateway; a code is taken by whichever seller has it."""
    begin = code_of(wanted, "one")
    return free_code(begin, set(session.scalars(select(column).where(column.startswith(begin, autoescape=True)))))


def _editing() -> int:
    """The row that is changed; 0: a new one."""
    return whole_number(request.args.get("key", "")) or 0


@admin.route("/setup/panel", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def setup_panel() -> ResponseReturnValue:
    """A panel is saved and asked in one go: what it says, or why it does not answer, stands on the page."""
    modules = offered("provisioning_modules")
    wanted = request.args.get("module", modules[0][0] if len(modules) == 1 else "")
    asked = Panel.id == _editing(), Panel.module == wanted
    with reading() as session:
        rows = session.scalars(select(Panel).order_by(Panel.id).limit(_SHOWN)).all()
        editing = session.scalar(select(Panel).where(*asked))
    if wanted not in dict(modules):
        return step_page("panel", "admin/setup_choose.html", things=modules, by="module", rows=rows)
    shown = editing or Panel(module=wanted, settings={}, secrets="", name=dict(modules)[wanted])
    form, settings = PanelForm(obj=shown), settings_page_form(plugins().module(wanted).settings_type, shown)
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            with writing(current_ctx()) as tx:
                code = editing.code if editing is not None else _code(tx.session, Panel.code, wanted)
                entry = PanelEntry(code, form.name.data)
                if editing is not None:
                    kept = {name: getattr(editing, name) for name in asdict(entry)}
                    entry = PanelEntry(**{**kept, "name": form.name.data})
                key = save_panel(tx, own_seller_id(), wanted, entry, settings.values())
            return redirect(_asked(key, wanted, bring=bool(form.bring.data)), 303)
    return step_page("panel", form=form, settings=settings, chosen=dict(modules)[wanted])


def _asked(key: int, module: str, *, bring: bool) -> str:
    """Where to go on: to the next step if the panel answers, else back to its settings."""
    checked = check_panel(current_ctx(), key)
    if not checked.ok:
        flash(say("Saved, but it does not answer as it should: %(said)s", said=checked.said), "bad")
        return url_for("admin.setup_panel", module=module, key=key)
    flash(say("It answers: %(said)s", said=checked.said), "good")
    if bring and current_ctx().may("catalogue.write"):
        brought = import_bouquets(current_ctx(), key)
        told = say("Bouquets added: %(added)s, named on it: %(named)s.", added=brought.added, named=brought.named)
        failed = brought.problem and say("Its bouquets were not read: %(problem)s", problem=brought.problem)
        flash(*((failed, "bad") if failed else (told, "good")))
    return next_step("panel")


class AccountForm(EntryForm):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("Give it a name.")), Length(max=80)],
        description=later("As payers read it: Card, Bank transfer."),
    )  # fmt: skip


@admin.route("/setup/gateway", methods=["GET", "POST"])
@allow("staff", permission="gateways.write")
def setup_gateway() -> ResponseReturnValue:
    gateways = offered("payment_gateways")
    wanted = request.args.get("gateway", gateways[0][0] if len(gateways) == 1 else "")
    mine = select(GatewayAccount).where(GatewayAccount.seller_id == own_seller_id())
    asked = GatewayAccount.id == _editing(), GatewayAccount.gateway == wanted
    with reading() as session:
        rows = session.scalars(mine.order_by(GatewayAccount.id).limit(_SHOWN)).all()
        editing = session.scalar(mine.where(*asked))
    if wanted not in dict(gateways):
        return step_page("gateway", "admin/setup_choose.html", things=gateways, by="gateway", rows=rows)
    shown = editing or GatewayAccount(gateway=wanted, settings={}, secrets="", name=dict(gateways)[wanted])
    form, settings = AccountForm(obj=shown), settings_page_form(plugins().gateway(wanted).settings_type, shown)
    if entered(form, settings):
        with form.refusals(), settings.refusals_of(form):
            with writing(current_ctx()) as tx:
                code = editing.code if editing is not None else _code(tx.session, GatewayAccount.code, wanted)
                more = (tuple(editing.currencies), True, editing.position) if editing is not None else ()
                entry = AccountEntry(code, form.name.data, *more)
                key = save_gateway_account(tx, own_seller_id(), wanted, entry, settings.values())
            return redirect(_tried(key, wanted), 303)
    return step_page("gateway", form=form, settings=settings, chosen=dict(gateways)[wanted])


def _tried(key: int, gateway: str) -> str:
    if not plugins().gateway(gateway).capabilities().check:
        flash(say("Saved. Its page shows the callback address, if the provider asks for one."), "good")
        return next_step("gateway")
    try:
        said = speech().refusal(check_gateway_account(current_ctx(), key))
        flash(say("It answers: %(said)s", said=said), "good")
    except (GatewayError, OutcomeUnknown) as error:
        told = (speech().refusal(one or "") for one in (error.message, error.hint))
        flash(say("Saved, but it does not take our keys: %(why)s", why=". ".join(told).rstrip()), "bad")
        return url_for("admin.setup_gateway", gateway=gateway, key=key)
    return next_step("gateway")
