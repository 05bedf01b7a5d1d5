"""Boxes: the stock, one box with its history, and all that happens to it."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, or_, select
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from billhead.actions.devices.book_device import book_device
from billhead.actions.devices.exchange_device import exchange_device
from billhead.actions.devices.hand_out import hand_out
from billhead.actions.devices.take_back import take_back
from billhead.actions.provisioning.swap_mac import swap_mac
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.device import AWAY, DeviceState
from billhead.domain.errors import InvalidInput
from billhead.domain.mac import parse_mac
from billhead.domain.money import Money
from billhead.models.devices import Device, DeviceModel
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import amount, code, on, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.speaking import later, marked, say, say_word

__all__ = ["DEVICES"]


def _is_device(typed: str) -> ColumnElement[bool]:
    """A box by its serial, or a MAC in any spelling."""
    try:
        mac = parse_mac(typed)
    except InvalidInput:
        return Device.serial == typed.upper()
    return or_(Device.serial == typed.upper(), Device.mac == mac)


DEVICES = Listing(
    name="devices",
    title=marked("Boxes"),
    query=select(
        Device.id,
        Device.serial,
        Device.mac,
        DeviceModel.name.label("model"),
        Device.state,
        Customer.id.label("customer_id"),
        Customer.name.label("customer"),
        Reseller.name.label("reseller"),
        Device.cost_minor,
        Device.currency,
        Device.received_on,
        Device.handed_out_on,
        Device.warranty_until,
    )
    .join(DeviceModel, DeviceModel.id == Device.model_id)
    .outerjoin(Subscription, Subscription.id == Device.subscription_id)
    .outerjoin(Customer, Customer.id == Subscription.customer_id)
    .outerjoin(Reseller, Reseller.id == Device.reseller_id),
    key=Device.id,
    columns=(
        text(marked("Serial"), "serial", to="device"),
        code(marked("MAC"), "mac"),
        text(marked("Model"), "model"),
        state(marked("State"), "state"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("In stock of"), "reseller"),
        amount(marked("Cost"), "cost_minor"),
        on(marked("Received"), "received_on"),
        on(marked("Handed out"), "handed_out_on"),
        on(marked("Warranty before"), "warranty_until"),
    ),
    choices=(Choice("state", marked("State"), Device.state, [one.value for one in DeviceState]),),
    search=_is_device,
    search_label=marked("Serial or MAC"),
    narrow={"model": Device.model_id, "subscription": Device.subscription_id, "reseller": Device.reseller_id},
    empty=marked("Add a model, and take in a delivery."),
)


@admin.get("/devices")
@allow("staff")
def devices() -> ResponseReturnValue:
    return DEVICES.answer(
        add=url_for("admin.receive_devices"), add_label=say("Take in a delivery"), add_needs="devices.write"
    )


@admin.get("/devices/<int:key>")
@allow("staff")
def device(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Device, key, "device")
        subscription = session.get(Subscription, row.subscription_id) if row.subscription_id else None
        shown: dict[str, Any] = {
            "model": session.get_one(DeviceModel, row.model_id),
            "customer": session.get_one(Customer, subscription.customer_id) if subscription else None,
            "service": session.get(Service, row.service_id) if row.service_id else None,
            "reseller": session.get(Reseller, row.reseller_id) if row.reseller_id else None,
            "replaces": session.get(Device, row.replaces_id) if row.replaces_id else None,
            "replaced_by": session.scalar(select(Device).where(Device.replaces_id == key)),
            "trail": trail_of(session, f"device:{key}"),
        }
    return page("admin/device.html", device=row, away=row.state in AWAY, **shown)


class HandOutForm(ReasonForm):
    subscription = IntegerField(
        later("Subscription"),
        validators=[Optional()],
        description=later("Its number. Empty: the order that it is kept for."),
    )


class TakeBackForm(Form):
    state = SelectField(
        later("It is"),
        choices={
            "returned": later("here again"),
            "defective": later("here, and broken"),
            "lost": later("lost, and will not come"),
        },
    )
    rent_ends = SelectField(
        later("A rent ends"),
        choices={"end_of_term": later("with the paid time"), "immediate": later("today; the days left are given back")},
    )
    missing = StringField(
        later("What is missing"),
        filters=[stripped],
        validators=[Length(max=200)],
        description=later("Like: remote control."),
    )
    price = StringField(
        later("What that costs"), filters=[stripped], description=later("Makes a draft invoice. Empty: nothing.")
    )
    reason = reason_field()


class ExchangeForm(Form):
    serial = StringField(
        later("Serial or MAC of the new box"),
        filters=[stripped],
        validators=[DataRequired(later("Write the serial.")), Length(max=80)],
    )
    state = SelectField(later("The old one is"), choices={"defective": "broken", "returned": later("here again")})
    reason = reason_field()


class BookForm(Form):
    state = SelectField(later("It is"), choices={"in_stock": later("in stock"), "defective": "broken", "lost": "lost"})
    reseller = SelectField(later("In whose stock"), coerce=int)
    reason = reason_field()


class SwapForm(Form):
    mac = StringField(later("MAC of the new box"), validators=[InputRequired(later("Write the MAC.")), Length(max=30)])
    reason = reason_field()


def _one(key: int) -> Device:
    with reading() as session:
        return found(session, Device, key, "device")


@admin.route("/devices/<int:key>/hand-out", methods=["GET", "POST"])
@allow("staff", permission="devices.write")
def hand_out_device(key: int) -> ResponseReturnValue:
    row = _one(key)

    def act(ctx: Context, form: HandOutForm) -> str:
        with writing(ctx) as tx:
            done = hand_out(tx, key, form.subscription.data)
        return say(
            "%(serial)s is %(state)s to subscription %(subscription_id)s.",
            serial=row.serial,
            state=say_word(done.state),
            subscription_id=done.subscription_id,
        )

    text = say(
        "The customer gets this box, and their line is watched on it. Another one kept for the order is free again."
    )
    back = url_for("admin.device", key=key)
    return asked(
        Question(say("Hand out %(serial)s", serial=row.serial), text, say("Hand out"), back, danger=False),
        HandOutForm(),
        act,
    )


@admin.route("/devices/<int:key>/take-back", methods=["GET", "POST"])
@allow("staff", permission="devices.write")
def take_back_device(key: int) -> ResponseReturnValue:
    row = _one(key)

    def act(ctx: Context, form: TakeBackForm) -> str:
        with writing(ctx) as tx:
            currency = tx.session.get_one(Subscription, row.subscription_id).currency if row.subscription_id else "EUR"
            minor = _price(form.price.data or "", currency)
            done = take_back(
                tx,
                key,
                form.state.data,
                rent_ends=form.rent_ends.data,
                missing_minor=minor,
                missing=form.missing.data or "",
            )
        told = say("%(serial)s is %(state)s.", serial=row.serial, state=say_word(done.state))
        if done.rent.startswith("not ended"):
            told += " " + say("Its rent is %(what)s.", what=say(done.rent))
        missing = say("The draft that charges what is missing waits under Documents.")
        return f"{told} {missing}" if done.document_id else told

    text = say("A rent ends, and the box can be booked into stock again when somebody has looked at it.")
    back = url_for("admin.device", key=key)
    return asked(
        Question(say("Take %(serial)s back", serial=row.serial), text, say("Take back"), back), TakeBackForm(), act
    )


def _price(typed: str, currency: str) -> int:
    try:
        return Money.parse(typed, currency).minor if typed else 0
    except InvalidInput as error:
        raise InvalidInput("price", error.why, hint=error.hint) from None


@admin.route("/devices/<int:key>/exchange", methods=["GET", "POST"])
@allow("staff", permission="devices.write")
def exchange_one_device(key: int) -> ResponseReturnValue:
    row = _one(key)

    def act(ctx: Context, form: ExchangeForm) -> str:
        with writing(ctx) as tx:
            new = tx.session.scalar(
                select(Device).where(Device.seller_id == row.seller_id, _is_device(form.serial.data or ""))
            )
            if new is None:
                raise InvalidInput("serial", say("there is no such box"))
            exchange_device(tx, key, new.id, form.state.data)
        return say("%(new)s takes the place of %(old)s.", new=new.serial, old=row.serial)

    text = say("The new box has the line, the rent and the warranty of the old one. Nothing is charged.")
    back = url_for("admin.device", key=key)
    return asked(
        Question(say("Exchange %(serial)s", serial=row.serial), text, say("Exchange"), back, danger=False),
        ExchangeForm(),
        act,
    )


@admin.route("/devices/<int:key>/book", methods=["GET", "POST"])
@allow("staff", permission="devices.write")
def book_one_device(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Device, key, "device")
        theirs = select(Reseller.id, Reseller.name).where(Reseller.seller_id == own_seller_id()).order_by(Reseller.name)
        resellers = session.execute(theirs.limit(500)).all()
    form = BookForm(data={"state": row.state, "reseller": row.reseller_id or 0})
    form.reseller.choices = [(0, say("the house")), *((one.id, one.name) for one in resellers)]

    def act(ctx: Context, form: BookForm) -> str:
        with writing(ctx) as tx:
            booked = book_device(tx, key, form.state.data, form.reseller.data or None)
        return say("%(serial)s is %(state)s.", serial=row.serial, state=say_word(booked.state))

    text = say("For boxes that no customer has.")
    back = url_for("admin.device", key=key)
    return asked(Question(say("Book %(serial)s", serial=row.serial), text, say("Book"), back, danger=False), form, act)


@admin.route("/services/<int:key>/box", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def swap_box(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Service, key, "service")

    def act(ctx: Context, form: SwapForm) -> str:
        with writing(ctx) as tx:
            swapped = swap_mac(tx, key, form.mac.data or "")
        return say("It is watched on %(mac)s.", mac=swapped.mac)

    text = say(
        "The line is watched on %(mac)s now. The customer's own exchanges this month are not touched.",
        mac=row.mac or say("no box"),
    )
    back = url_for("admin.service", key=key)
    return asked(Question(say("Another box"), text, say("Exchange"), back, danger=False), SwapForm(), act)
