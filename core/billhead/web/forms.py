"""Forms: WTForms with CSRF, refusals of actions shown at their field, and what several of them ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_wtf import FlaskForm
from wtforms.i18n import get_translations

from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotAllowed
from billhead.web.speaking import speech

__all__ = ["Form", "stripped"]


class Form(FlaskForm):
    """A form whose action may refuse: `with form.refusals(): …` shows InvalidInput at the field that it names."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: object) -> Any:
            """WTForms' own sentences ("This field is required."), in the language of the page."""
            return get_translations([speech().language])

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


def stripped(text: str | None) -> str | None:
    """A WTForms filter: no blanks around."""
    return text.strip() if isinstance(text, str) else text
