"""Forms: WTForms with CSRF, refusals of actions shown at their field, and what several of them ask for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateTimeField, Field, IntegerField, SelectMultipleField, TextAreaField
from wtforms.fields.core import UnboundField
from wtforms.i18n import get_translations
from wtforms.validators import DataRequired, InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotAllowed
from billhead.domain.typed_day import FIRST_YEAR, LAST_YEAR
from billhead.domain.typed_text import seen_text
from billhead.domain.whole_number import DIGITS
from billhead.web.speaking import speech

__all__ = ["Form", "stripped", "ticked"]


class Form(FlaskForm):
    """A form whose action may refuse: `with form.refusals(): …` shows InvalidInput at the field that it names."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: object) -> Any:
            """WTForms' own sentences ("This field is required."), in the language of the page."""
            return get_translations([speech().language])

        def bind_field(self, form: Any, unbound_field: "UnboundField[Field]", options: Any) -> Field:
            """No field takes a number that fits no column or is written "1_000", or a day that has none before or after
            it. A text that is `stripped` is judged by what is left of it, and is one line where the field has one."""
            field: Field = super().bind_field(form, unbound_field, options)
            if isinstance(field, (IntegerField, DateTimeField, SelectMultipleField)):
                field.filters = [_within(field), *field.filters]
            if stripped in field.filters:
                field.validators = [
                    DataRequired(one.message) if isinstance(one, InputRequired) else one for one in field.validators
                ]
                if not isinstance(field, TextAreaField):
                    field.filters = [_in_one_line if one is stripped else one for one in field.filters]
            return field

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused: list[str] = []

    @contextmanager
    def refusals(self) -> Iterator[None]:
        try:
            yield
        except (InvalidInput, Conflict, NotAllowed) as error:
            self.show(error)

    def show(self, error: BillheadError) -> None:
        """Put an error at its field, or above the form when it has none here."""
        text = speech().refusal(error.why if isinstance(error, InvalidInput) else error.message)
        text = f"{text[:1].upper()}{text[1:]}"
        if hint := speech().refusal(error.hint or ""):
            text = f"{text.rstrip('.')}. {hint[:1].upper()}{hint[1:].removesuffix('.')}."
        if error.field and error.field in self:
            field = self[error.field]
            field.errors = [*field.errors, text]
        else:
            self.refused.append(text)


def ticked(label: str, description: str = "", **more: Any) -> SelectMultipleField:
    """Several of many, each with its box; a long list scrolls, and is narrowed by what is typed above it."""
    boxes = {"widget": ListWidget(prefix_label=False), "option_widget": CheckboxInput()}
    return SelectMultipleField(label, description=description, **boxes, **more)


def _within(field: Field) -> Callable[[Any], Any]:
    """A WTForms filter; a choice of several that can't be read is none, as an empty one is."""
    in_its_words = field.gettext

    def within(entered: Any) -> Any:
        if isinstance(field, SelectMultipleField):
            return [] if entered is None else entered
        odd = isinstance(field, IntegerField) and any("_" in str(typed) for typed in field.raw_data or ())
        if isinstance(entered, int) and (odd or abs(entered) >= 10**DIGITS):
            field.data = None
            raise ValueError(in_its_words("Not a valid integer value."))
        if isinstance(entered, date) and not FIRST_YEAR <= entered.year <= LAST_YEAR:
            field.data = None
            raise ValueError(in_its_words("Not a valid date value."))
        return entered

    return within


def stripped(text: str | None) -> str | None:
    """A WTForms filter: no blanks around, and nothing that can't be seen."""
    return seen_text(text, lines=True) if isinstance(text, str) else text


def _in_one_line(text: str | None) -> str | None:
    return seen_text(text) if isinstance(text, str) else text
