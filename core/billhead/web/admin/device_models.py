"""Models of boxes, and deliveries of them."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import func, select
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from billhead.actions.devices._delivery import delivery_rows
from billhead.actions.devices.import_devices import COLUMNS, DevicesImported, import_devices
from billhead.actions.devices.save_model import KINDS, ModelEntry, save_model
from billhead.db import reading, writing
from billhead.domain.device import DeviceState
from billhead.models.catalogue import Plan
from billhead.models.devices import Device, DeviceModel
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.columns import code, number, text, word
from billhead.web.admin.listing import Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["MODELS"]

_IN_STOCK = (
    select(func.count())
    .where(Device.model_id == DeviceModel.id, Device.state == DeviceState.IN_STOCK.value)
    .scalar_subquery()
)

MODELS = Listing(
    name="device_models",
    title=marked("Models of boxes"),
    query=select(
        DeviceModel.id, DeviceModel.name, DeviceModel.code, DeviceModel.kind, DeviceModel.warranty_months,
        Plan.name.label("plan"), _IN_STOCK.label("in_stock"),
    ).outerjoin(Plan, Plan.id == DeviceModel.plan_id),
    key=DeviceModel.id,
    columns=(
        text(marked("Model"), "name", to="edit_device_model"),
        code(marked("Code"), "code"),
        word(marked("For"), "kind"),
        text(marked("Sold or rented by"), "plan"),
        number(marked("Months of warranty"), "warranty_months"),
        number(marked("In stock"), "in_stock"),
    ),
    empty=marked("Add a model, and deliveries of it can be taken in."),
)  # fmt: skip


@admin.get("/devices/models")
@allow("staff")
def device_models() -> ResponseReturnValue:
    return MODELS.answer(add=url_for("admin.new_device_model"), add_label=say("Add a model"), add_needs="devices.write")


class ModelForm(Form):
    code = StringField(
        later("Code"), filters=[stripped], validators=[DataRequired(later("A code is needed.")), Length(max=40)],
        description=later("Small letters and digits, like mag-540. Deliveries name it."),
    )  # fmt: skip
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("A name is needed.")), Length(max=120)]
    )
    kind = SelectField(later("For lines of the kind"), choices=list(KINDS))
    plan = SelectField(later("Sold or rented by the add-on"))
    warranty_months = IntegerField(
        later("Months of warranty"), default=24, validators=[InputRequired(), NumberRange(0, 120)]
    )


@admin.route("/devices/models/new", methods=["GET", "POST"])
@allow("staff", permission="devices.write")
def new_device_model() -> ResponseReturnValue:
    return _edit(None)


@admin.route("/devices/models/<int:key>/edit", methods=["GET", "POST"])
@allow("staff", permission="devices.write")
def edit_device_model(key: int) -> ResponseReturnValue:
    return _edit(key)


def _edit(key: int | None) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, DeviceModel, key, "device model") if key is not None else None
        seller_id = row.seller_id if row is not None else own_seller_id()
        addons = session.execute(
            select(Plan.id, Plan.code, Plan.name)
            .where(Plan.seller_id == seller_id, Plan.kind == "device", Plan.retired.is_(False))
            .order_by(Plan.name)
        ).all()
    plan = next((one.code for one in addons if row is not None and one.id == row.plan_id), "")
    form = ModelForm(obj=row, data={"plan": plan})
    form.plan.choices = [("", say("none: it is only counted")), *((one.code, one.name) for one in addons)]
    if form.validate_on_submit():
        with form.refusals():
            entry = ModelEntry(
                form.code.data or "",
                form.name.data or "",
                form.kind.data,
                form.plan.data,
                form.warranty_months.data or 0,
            )
            with writing(submit_ctx()) as tx:
                save_model(tx, seller_id, entry, key)
            flash(say("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("admin.device_models"), 303)
    title, back = row.name if row is not None else say("New model"), url_for("admin.device_models")
    shown = page("admin/entry.html", form=form, title=title, back=back, section="device_models")
    return shown, 422 if form.is_submitted() else 200


class DeliveryForm(Form):
    file = FileField(
        later("CSV file"),
        validators=[FileRequired(later("Choose a file."))],
        description=later(
            "UTF-8, with a heading: %(columns)s. Model and serial are needed.", columns=", ".join(COLUMNS)
        ),
    )
    dry_run = BooleanField(later("Only look: take nothing in"))


@admin.route("/devices/receive", methods=["GET", "POST"])
@allow("staff", permission="devices.write")
def receive_devices() -> ResponseReturnValue:
    form, done = DeliveryForm(), None
    if form.validate_on_submit():
        with form.refusals():
            done = _received(bool(form.dry_run.data))
    status = 422 if form.is_submitted() and done is None else 200
    return page("admin/delivery.html", form=form, done=done), status


def _received(dry_run: bool) -> DevicesImported:
    picked = request.files.get("file")
    rows = delivery_rows(picked.read() if picked and picked.filename else b"")
    with writing(submit_ctx()) as tx:
        return import_devices(tx, own_seller_id(), rows, dry_run=dry_run)
