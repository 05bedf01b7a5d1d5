"""Fields that the forms of prices have in common, each in its place among theirs."""

from typing import Any

from wtforms import DateField, IntegerField
from wtforms.validators import NumberRange, Optional

from billhead.web.speaking import later

__all__ = ["existing_day", "first_day", "telling_days"]


def first_day(label: Any) -> DateField:
    return DateField(label, validators=[Optional()], description=later("Empty: at once."))


def existing_day(empty: Any) -> DateField:
    """`empty`: what it means to leave it so."""
    return DateField(later("Existing subscriptions pay it from"), validators=[Optional()], description=empty)


def telling_days() -> IntegerField:
    return IntegerField(
        later("Tell them so many days before"), default=30, validators=[Optional(), NumberRange(0, 365)],
        description=later("Empty: they are not told."),
    )  # fmt: skip
