"""Forms: WTForms with CSRF, refusals of actions shown at their field, and what several of them ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_wtf import FlaskForm

from billhead.domain.errors import BillheadError, Conflict, InvalidInput, NotAllowed

__all__ = ["Form", "stripped"]


class Form(FlaskForm):
    """A form whose action may refuse: `with form.refusals(): …` shows InvalidInput at the field that it names."""

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
        text = error.why if isinstance(error, InvalidInput) else error.message
        text = f"{text[:1].upper()}{text[1:]}"
        if error.hint:
            text = f"{text.rstrip('.')}. {error.hint[:1].upper()}{error.hint[1:]}."
        if error.field and error.field in self:
            field = self[error.field]
            field.errors = [*field.errors, text]
        else:
            self.refused.append(text)


def stripped(text: str | None) -> str | None:
    """A WTForms filter: no blanks around."""
    return text.strip() if isinstance(text, str) else text
