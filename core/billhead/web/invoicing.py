"""How a customer wants its documents, as a form, and the days of a statement: for the customer and for staff."""

from datetime import date, timedelta

from flask import request
from wtforms import SelectField, StringField
from wtforms.validators import Length

from billhead import clock
from billhead.actions.accounts.set_customer_invoicing import CustomerInvoicing
from billhead.actions.documents._formats import FORMATS, NO_EINVOICE
from billhead.domain.errors import InvalidInput
from billhead.domain.typed_day import typed_day
from billhead.models.people import Customer
from billhead.web.forms import Form, stripped
from billhead.web.speaking import later, say
from billhead.wording import LANGUAGES, wording

__all__ = ["InvoicingForm", "statement_days"]


def language_choices() -> list[tuple[str, str]]:
    """Each by its own name."""
    return [(code, wording(code).own_name) for code in LANGUAGES]


class InvoicingForm(Form):
    language = SelectField(later("Language of invoices"), choices=language_choices)
    reference = StringField(
        later("Your reference"),
        filters=[stripped],
        validators=[Length(max=100)],
        description=later("Stands on each invoice: an order number, or the Leitweg-ID of a German authority."),
    )
    einvoice = SelectField(
        later("E-invoice"),
        choices=lambda: [("", say("as the shop offers it")), *FORMATS.items(), (NO_EINVOICE, say("no e-invoice"))],
        description=later("What your accounting reads by itself (EN 16931)."),
    )
    endpoint = StringField(later("Electronic address"), filters=[stripped], validators=[Length(max=100)])
    endpoint_scheme = StringField(
        later("Its list"),
        filters=[stripped],
        validators=[Length(max=4)],
        description=later("EM for an e-mail address, 0204 for a Leitweg-ID, 9930 for a German VAT id."),
    )

    @classmethod
    def of(cls, customer: Customer) -> "InvoicingForm":
        known = customer.language if customer.language in LANGUAGES else "en"
        return cls(data={**customer.invoicing, "language": known})

    def told(self) -> CustomerInvoicing:
        return CustomerInvoicing(**{name: self[name].data or "" for name in CustomerInvoicing.__dataclass_fields__})


def statement_days(of: Customer) -> tuple[date, date]:
    """`?from=` and `?to=`, both days included; without them the last twelve months. Raises InvalidInput."""
    today = clock.today_in(of.zone)
    last = _day("to") or today
    return _day("from") or last - timedelta(days=365), last + timedelta(days=1)


def _day(name: str) -> date | None:
    text = request.args.get(name, "")
    day = typed_day(text)
    if text and day is None:
        raise InvalidInput(
            name, say("%(typed)s is not a date", typed=repr(text[:20])), hint=say("write it like 2026-11-30")
        )
    return day
