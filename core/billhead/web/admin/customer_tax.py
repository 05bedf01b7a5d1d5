"""A customer's tax: the VAT id and its checks, an exemption, and where they are seen to be."""

import re

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import DateField, SelectField, StringField
from wtforms.validators import Length, Optional

from billhead.actions.accounts.check_vat_id import check_vat_id
from billhead.actions.accounts.set_tax_facts import TaxFacts, set_tax_facts
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.models.people import Customer
from billhead.models.tax import TaxIdCheck
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.forms import stripped
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say

__all__ = ["checks_of"]

_SHOWN = 5
_BY_HAND = {"": later("leave it to the register"), "valid": later("valid"), "invalid": later("invalid")}


def checks_of(session: Session, customer_id: int) -> list[TaxIdCheck]:
    """The newest questions about a customer's VAT ids and their answers."""
    about = select(TaxIdCheck).where(TaxIdCheck.customer_id == customer_id)
    return list(session.scalars(about.order_by(TaxIdCheck.id.desc()).limit(_SHOWN)))


class TaxFactsForm(ReasonForm):
    exempt_reason = StringField(
        later("Exempt from tax because"),
        filters=[stripped],
        validators=[Length(max=200)],
        render_kw={"autocomplete": "off"},
    )
    exempt_certificate = StringField(
        later("Certificate"),
        filters=[stripped],
        validators=[Length(max=100)],
        description=later("Its number; it stands on the documents."),
        render_kw={"autocomplete": "off"},
    )
    exempt_until = DateField(
        later("Holds to"), validators=[Optional()], description=later("The last day. Empty: no end.")
    )
    evidence = StringField(
        later("Evidence of the country"),
        filters=[stripped],
        validators=[Length(max=200)],
        description=later("Beside the billing address: source and country, like ip=DE bank=DE."),
        render_kw={"autocomplete": "off"},
    )
    vat_id_state = SelectField(later("VAT id by hand"), choices=_BY_HAND)
    vat_id_reference = StringField(
        later("Proof of the VAT id"),
        filters=[stripped],
        validators=[Length(max=200)],
        description=later("What you looked at, if you decide by hand."),
        render_kw={"autocomplete": "off"},
    )
    reason = reason_field()

    def facts(self) -> TaxFacts:
        return TaxFacts(
            self.exempt_reason.data or "",
            self.exempt_certificate.data or "",
            self.exempt_until.data,
            _evidence(self.evidence.data or ""),
            self.vat_id_state.data or "",
            self.vat_id_reference.data or "",
        )


def _evidence(typed: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in re.split(r"[\s,;]+", typed):
        source, equals, country = part.partition("=")
        if part and not equals:
            raise InvalidInput("evidence", say("%(part)s is not a source and a country, like ip=DE", part=repr(part)))
        if part:
            found[source.lower()] = country.upper()
    return found


@admin.route("/customers/<int:key>/tax", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def customer_tax(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
    form = TaxFactsForm(
        exempt_reason=row.tax_exempt_reason,
        exempt_certificate=row.tax_exempt_certificate,
        exempt_until=row.tax_exempt_until,
        evidence=" ".join(f"{source}={country}" for source, country in sorted(row.location_evidence.items())),
    )

    def act(ctx: Context, form: TaxFactsForm) -> str:
        with writing(ctx) as tx:
            set_tax_facts(tx, key, form.facts())
        return say("Saved. Open orders have the tax that is due now; issued documents stay as they are.")

    text = say("It decides on the tax of documents from now on.")
    return asked(
        Question(
            say("Tax of %(name)s", name=row.name), text, say("Save"), url_for("admin.customer", key=key), danger=False
        ),
        form,
        act,
    )


@admin.post("/customers/<int:key>/check-vat-id")
@allow("staff", permission="customers.write")
def ask_about_vat_id(key: int) -> ResponseReturnValue:
    checked = check_vat_id(submit_ctx(), key)
    flash(checked.said, "good" if checked.ask_again_in is None else "warn")
    return redirect(url_for("admin.customer", key=key), 303)
