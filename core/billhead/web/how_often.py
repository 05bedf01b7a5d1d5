"""How often somebody is told of what, as fields of a form: of customers and resellers for their account, of staff."""

from collections.abc import Mapping
from typing import Any

from wtforms import SelectField

from billhead.actions.notifications._often import AT_ONCE, DAILY, OFF, WEEKLY
from billhead.web.forms import Form
from billhead.web.speaking import later

__all__ = ["add_often_fields", "often_data", "often_told"]

_KINDS = {
    "receipt": later("Payments that arrived"),
    "refunded": later("Money that goes back to you"),
    "low_credit": later("Credit that runs low"),
    "restored": later("A line that runs again"),
    "box_changed": later("Another box on a line"),
    "allowance": later("What is included is nearly used"),
    "ticket_opened": later("We have got what you wrote"),
    "ticket_answer": later("Answers of our support"),
    "line_ending": later("Time that ends"),
    "planned_work": later("Planned work"),
    "price_stays": later("Prices that stay"),
    "renewals_short": later("Users that there are too few credits to renew"),
    "shop_waiting": later("Orders that wait for credits"),
    "user_canceled": later("Users whom the operator cancels"),
    "users_ending": later("Users whose time ends within a week"),
    "ticket_news": later("What customers write in tickets"),
    "shop_host": later("Names that shops of resellers ask for"),
    "upstream_low": later("Credit at a panel that runs low"),
    "upstream_cap": later("The day's limit at a panel is reached"),
}
_OFTEN = {
    AT_ONCE: later("at once"),
    DAILY: later("in one mail a day"),
    WEEKLY: later("in one mail a week"),
    OFF: later("not at all"),
}


def add_often_fields(form: type[Form], offered: Mapping[str, tuple[str, ...]]) -> None:
    """A field for each kind with what may be chosen for it; `often_told` reads them."""
    for kind, more in offered.items():
        choices = {one: _OFTEN[one] for one in (AT_ONCE, *more)}
        setattr(form, f"often_{kind}", SelectField(_KINDS[kind], choices=choices))


def often_data(chosen: Mapping[str, Any], offered: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {f"often_{kind}": str(chosen.get(kind, AT_ONCE)) for kind in offered}


def often_told(form: Form, offered: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {kind: form[f"often_{kind}"].data for kind in offered}
