"""Asking before something is done: a page with what it costs or brings, in figures, and one button.

The first look shows the figures; a yes does it only if they are still the same, else the new ones are shown.
With JavaScript the page is a dialog over the one that led to it (static/js/staff.js).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from wtforms import HiddenField

from billhead.db import Tx, reading, writing
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx

__all__ = ["Figures", "Question", "QuestionForm", "asked"]

Figures = Sequence[tuple[str, str]]
"""(what, how much), as shown."""


@dataclass(frozen=True, slots=True)
class Question:
    """`text` says what will happen; `back` is where to go afterwards, or when the answer is no. `first` stands on the
    button while there are no figures yet, where a form has to be filled in before there can be some."""

    title: str
    text: str
    button: str
    back: str
    danger: bool = False
    first: str = ""


class QuestionForm(Form):
    seen = HiddenField()


def asked(
    question: Question,
    figures: Callable[[Tx], Figures],
    act: Callable[[Tx], str],
    form: QuestionForm | None = None,
    template: str = "reseller/question.html",
    **more: Any,
) -> ResponseReturnValue:
    """`figures` previews what `act` does; `act` returns what to tell. What either refuses is shown, without a button
    where there is nothing to say yes to. `template`: one that shows the figures in its own way."""
    form = form or QuestionForm()
    shown: Figures = ()
    refused, sent = False, form.validate_on_submit()  # first: it would forget what is refused of a field
    try:
        if sent or not form.is_submitted():  # of what is refused nothing is previewed
            with reading() as session:
                shown = figures(Tx(current_ctx(), session))
    except (InvalidInput, Conflict, NotAllowed) as error:
        form.show(error)
        refused = True
    if sent and not refused and (form.seen.data or "") == _digest(shown):
        with form.refusals():
            with writing(submit_ctx()) as tx:
                told = act(tx)
            flash(told, "good")
            return redirect(question.back, 303)
    looked = form.is_submitted() and not refused and not form.refused and not form.errors
    state = {"shown": shown, "refused": refused and not question.first, "changed": looked and form.seen.data}
    form.seen.data = _digest(shown)
    status = 422 if form.is_submitted() and not looked else 200
    return page(template, question=question, form=form, **state, **more), status


def _digest(shown: Figures) -> str:
    return hashlib.sha256(repr(list(shown)).encode()).hexdigest()[:16] if shown else ""
