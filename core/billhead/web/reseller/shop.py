"""The reseller's own shop: what it is called, whose it is by law, its picture, and the names by which it is reached."""

from dataclasses import asdict
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.shops._addresses import address_of, at_path
from billhead.actions.shops._entry import ShopEntry, entry_of
from billhead.actions.shops._own import OwnShop, shop_of
from billhead.actions.shops._steps import steps_of_shop
from billhead.actions.shops.ask_host import ask_host
from billhead.actions.shops.drop_host import drop_host, preview_drop_host
from billhead.actions.shops.set_shop import set_shop
from billhead.actions.shops.set_shop_logo import set_shop_logo
from billhead.db import Tx, reading, writing
from billhead.domain.errors import BillheadError, NotFound
from billhead.models.sellers import SellerLogo
from billhead.models.shops import ShopHost
from billhead.plugin import allow
from billhead.web.errors import refusal
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.asking import Figures, Question, asked
from billhead.web.speaking import later, marked, say

__all__ = ["own_shop", "shop_page"]

_FIELDS = {"law": "legal_name", "mail": "mail_from", "host": "host"}
_PAGES = {"support": "tickets"}


def own_shop(session: Session) -> OwnShop:
    """NotFound for a reseller without one."""
    found = shop_of(session, own_id())
    if found is None:
        raise NotFound("shop of", "this reseller")
    return found


def shop_page(session: Session, name: str, own: OwnShop, **values: Any) -> str:
    """A page of the shop's section: its head says where the shop is."""
    return page(f"reseller/{name}.html", own=own, address=address_of(session, own.seller.id), **values)


def _line(label: str, hint: str = "", *, needed: bool = False) -> StringField:
    checks = [DataRequired()] if needed else []
    return StringField(later(label), filters=[stripped], validators=[*checks, Length(max=140)],
                       description=later(hint) if hint else "")  # fmt: skip


class ShopForm(Form):
    name = _line(marked("Name"), marked("As your customers know you: on pages and as the sender of mail."), needed=True)
    mail_from = _line(
        marked("Mail is from"), marked("Your mail server must let the operator send for this address."), needed=True
    )
    legal_name = _line(marked("Name by law"), marked("It stands on invoices."), needed=True)
    street = _line(marked("Street"))
    postcode = _line(marked("Postcode"))
    city = _line(marked("City"))
    vat_id = _line(marked("VAT number"))
    tax_number = _line(marked("Tax number"))
    phone = _line(marked("Phone"))
    logo = FileField(later("Logo"), description=later("PNG or JPEG, at most 512 KB."))
    no_logo = BooleanField(later("Take the logo away"))


@reseller.route("/shop", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def shop() -> ResponseReturnValue:
    with reading() as session:
        own = own_shop(session)
        form = ShopForm(data=asdict(entry_of(own.seller)))
        if form.validate_on_submit():
            with form.refusals():
                picture = request.files.get("logo")
                data = picture.read() if picture and picture.filename else b""
                entry = ShopEntry(**{name: form.data[name] or "" for name in ShopEntry.__slots__})
                with writing(submit_ctx()) as tx:
                    set_shop(tx, own_id(), entry)
                    if data or form.no_logo.data:
                        set_shop_logo(tx, own_id(), data)
                flash(say("Saved."), "good")
                return redirect(url_for("reseller.shop"), 303)
        shown = _shown(session, own, form)
    return shown, 422 if form.is_submitted() else 200


def _shown(session: Session, own: OwnShop, form: ShopForm, *, host: str = "", problem: str = "") -> str:
    """`host` was typed, and refused for `problem`."""
    hosts = select(ShopHost).where(ShopHost.seller_id == own.seller.id).order_by(ShopHost.id)
    more = {"hosts": session.scalars(hosts).all(), "path": at_path(own.seller.code), "host": host, "problem": problem}
    steps = steps_of_shop(session, own)
    missing = any(not one.done and not one.optional for one in steps)
    more |= {"steps": [(one, _leads_to(one.name)) for one in steps] if missing else []}
    has_logo = session.get(SellerLogo, own.seller.id) is not None
    return shop_page(session, "shop", own, form=form, has_logo=has_logo, **more)


def _leads_to(step: str) -> str:
    """The page of a step, or the field of this one."""
    if step in _FIELDS:
        return url_for("reseller.shop", _anchor=_FIELDS[step])
    return url_for("reseller.buy" if step == "credits" else f"reseller.shop_{_PAGES.get(step, step)}")


@reseller.post("/shop/hosts")
@allow("reseller", "super_reseller")
def add_shop_host() -> ResponseReturnValue:
    typed = request.form.get("host", "")[:300]
    try:
        with writing(submit_ctx()) as tx:
            ask_host(tx, own_id(), typed)
    except BillheadError as refused:
        problem, status = refusal(refused)
        with reading() as session:
            own = own_shop(session)
            form = ShopForm(formdata=None, data=asdict(entry_of(own.seller)))
            return _shown(session, own, form, host=typed, problem=problem), status
    flash(say("Asked for. Your shop answers there once the operator has confirmed it."), "good")
    return redirect(url_for("reseller.shop"), 303)


@reseller.route("/shop/hosts/<int:host_id>/remove", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def remove_shop_host(host_id: int) -> ResponseReturnValue:
    with reading() as session:
        served = preview_drop_host(Tx(current_ctx(), session), own_id(), host_id).served

    def figures(tx: Tx) -> Figures:
        told = preview_drop_host(tx, own_id(), host_id)
        shown = [(say("Name"), told.host), (say("State"), say("confirmed") if told.served else say("waiting"))]
        return [*shown, (say("Mails and documents lead from then on to"), told.home)] if told.served else shown

    def act(tx: Tx) -> str:
        drop_host(tx, own_id(), host_id)
        return say("Removed.")

    if served:
        text = say(
            "Your shop answers there no more, and links to it in mails and on documents that were sent end. To have it "
            "again it has to be confirmed anew."
        )
    else:
        text = say("It was never confirmed: your shop does not answer there, and no link ends.")
    question = Question(say("Remove this name?"), text, say("Remove"), url_for("reseller.shop"), danger=True)
    return asked(question, figures, act)
