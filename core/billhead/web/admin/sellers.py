"""Sellers: what their documents say and look like."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField
from sqlalchemy import select
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.documents._formats import FORMATS
from billhead.actions.sellers._invoicing import invoicing_of
from billhead.actions.sellers.set_invoicing import SellerInvoicing, set_invoicing
from billhead.actions.sellers.set_logo import set_logo
from billhead.db import reading, writing
from billhead.models.sellers import Seller, SellerLogo
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.columns import code, country, text
from billhead.web.admin.listing import Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["SELLERS"]

SELLERS = Listing(
    name="sellers",
    title=marked("Sellers"),
    lead=marked("Who sells, and what stands on the documents."),
    query=select(Seller.id, Seller.code, Seller.name, Seller.legal_name, Seller.country, Seller.currency),
    key=Seller.id,
    columns=(
        text(marked("Name"), "name", to="seller_invoicing"),
        code(marked("Code"), "code"),
        text(marked("Legal name"), "legal_name"),
        country(marked("Country"), "country"),
        text(marked("Currency"), "currency"),
    ),
    empty=marked("Run billhead setup."),
)


def _line(label: str, hint: str = "", *, required: str = "", longest: int = 140) -> StringField:
    checks = [DataRequired(later(required))] if required else []
    return StringField(later(label), filters=[stripped], validators=[*checks, Length(max=longest)],
                       description=later(hint) if hint else "")  # fmt: skip


class SellerForm(Form):
    legal_name = _line(marked("Legal name"), required=marked("Write the name that the law knows."))
    street = _line(marked("Street"))
    postcode = _line(marked("Postcode"))
    city = _line(marked("City"))
    vat_id = _line(marked("VAT id"), marked("With its country, like FI12345678."))
    tax_number = _line(marked("Tax number"), marked("Where there is no VAT id."))
    registration = _line(marked("Register"), marked("As it has to be printed: court and number."))
    contact = _line(marked("Contact"), marked("Whom e-invoices name for questions."))
    phone = _line(marked("Phone"))
    account_holder = _line(marked("Account holder"), marked("Empty: the legal name."))
    iban = _line(
        marked("IBAN"), marked("With one, unpaid documents show the account, and in euro a code for banking apps.")
    )
    bic = _line("BIC")
    bank = _line(marked("Bank"))
    legal_footer = TextAreaField(
        later("Foot of each page"),
        filters=[stripped],
        validators=[Length(max=600)],
        description=later("Up to three lines."),
    )
    accent = _line(marked("Colour"), marked("Like #6236d6. Empty: the theme's."))
    logo = FileField(later("Logo"), description=later("PNG or JPEG, up to 512 KB; shown 13 mm high."))
    no_logo = BooleanField(later("Take the logo away"))
    einvoice = SelectField(
        later("E-invoice for customers"),
        choices=lambda: [("", say("none")), *FORMATS.items()],
        description=later("Staff can download every format in any case."),
    )
    attach = BooleanField(later("Send the PDF (or Factur-X) with the mail that tells of an invoice"))
    endpoint = _line(marked("Electronic address"), marked("On e-invoices; many networks need it."))
    endpoint_scheme = _line(
        marked("Its list"), marked("EM for an e-mail address, 9930 for a German VAT id, 0216 for a Finnish OVT.")
    )

    def told(self) -> SellerInvoicing:
        names = SellerInvoicing.__dataclass_fields__
        values: dict[str, Any] = {name: self[name].data or "" for name in names if name != "attach"}
        return SellerInvoicing(**values, attach=bool(self.attach.data))


@admin.get("/sellers")
@allow("staff")
def sellers() -> ResponseReturnValue:
    return SELLERS.answer()


@admin.route("/sellers/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def seller_invoicing(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
        logo = session.get(SellerLogo, key)
    form = SellerForm(data=invoicing_of(row))
    if form.validate_on_submit():
        with form.refusals():
            picture = request.files.get("logo")
            data = picture.read() if picture and picture.filename else None
            ctx = submit_ctx()
            with writing(ctx) as tx:
                set_invoicing(tx, key, form.told())
                if data or form.no_logo.data:
                    set_logo(tx, key, data or b"")
            flash(say("Saved. It holds for documents from now on; the look holds for all."), "good")
            return redirect(url_for("admin.seller_invoicing", key=key), 303)
    shown = page("admin/seller.html", seller_row=row, logo=logo, form=form)
    return shown, 422 if form.is_submitted() else 200
