"""How the shop is paid: the reseller's own accounts at the gateways that the operator allows."""

from dataclasses import dataclass

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.payments.save_gateway_account import AccountEntry
from billhead.actions.shops._own import OwnShop
from billhead.actions.shops.save_shop_gateway import save_shop_gateway
from billhead.db import reading, writing
from billhead.domain.errors import NotFound
from billhead.models.payments import GatewayAccount
from billhead.plugin import PaymentGateway, allow
from billhead.plugin_host import plugins
from billhead.plugin_host.current import config
from billhead.web.admin.settings import EntryForm, entered, settings_page_form
from billhead.web.forms import stripped
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.speaking import later, say

__all__: list[str] = []


@dataclass(frozen=True, slots=True)
class Way:
    code: str
    label: str
    account: GatewayAccount | None


class OwnAccountForm(EntryForm):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(), Length(max=80)],
        description=later("As your customers read it."),
    )  # fmt: skip
    enabled = BooleanField(later("Offer it to customers"), default=True)


@reseller.get("/shop/payment")
@allow("reseller", "super_reseller")
def shop_payment() -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        rows = session.scalars(select(GatewayAccount).where(GatewayAccount.seller_id == own.seller.id))
        accounts = {row.gateway: row for row in rows}
        ways = [
            Way(one.code, say(one.label), accounts.get(one.code))
            for _, one in plugins().offers("payment_gateways")
            if one.code in own.shop.gateways
        ]
        return shop_page(session, "shop_payment", own, ways=ways)


@reseller.route("/shop/payment/<gateway>", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def shop_account(gateway: str) -> ResponseReturnValue:
    """Secrets are written, encrypted, and never shown again."""
    with reading() as session:
        own = own_shop(session)
        offered = _allowed(own, gateway)
        found = session.scalar(
            select(GatewayAccount).where(GatewayAccount.seller_id == own.seller.id, GatewayAccount.gateway == gateway)
        )
        row = found or GatewayAccount(gateway=gateway, settings={}, secrets="")
        name = found.name if found else say(offered.label)
        form = OwnAccountForm(name=name, enabled=found.enabled if found else True)
        settings = settings_page_form(offered.settings_type, row)
        if entered(form, settings):
            with form.refusals(), settings.refusals_of(form):
                position = found.position if found else 0
                entry = AccountEntry("", form.name.data or "", (), bool(form.enabled.data), position)
                with writing(submit_ctx()) as tx:
                    save_shop_gateway(tx, own_id(), gateway, entry, settings.values())
                flash(say("Saved."), "good")
                return redirect(url_for("reseller.shop_account", gateway=gateway), 303)
        callback = f"{config().base_url}/callbacks/{found.callback_token}" if found else ""
        more = {"form": form, "settings": settings, "label": say(offered.label), "callback_url": callback}
        return shop_page(session, "shop_account", own, **more), 422 if form.is_submitted() else 200


def _allowed(own: OwnShop, gateway: str) -> PaymentGateway:
    if gateway not in own.shop.gateways:
        raise NotFound("gateway", gateway)
    return plugins().gateway(gateway)
