"""Ask before something is done, and why: one page for every change that can't be undone by going back.

With JavaScript the same page is shown as a dialog over the one that led to it (static/js/staff.js).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from billhead.domain.context import Context
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later

__all__ = ["Question", "ReasonForm", "asked", "reason_field"]


def reason_field() -> StringField:
    return StringField(
        later("Reason"),
        filters=[stripped],
        validators=[DataRequired(later("Say why: colleagues read it in the audit trail.")), Length(max=500)],
        description=later("Stands in the audit trail beside your name."),
        render_kw={"autocomplete": "off", "maxlength": 500},
    )


class ReasonForm(Form):
    reason = reason_field()


F = TypeVar("F", bound=Any)


@dataclass(frozen=True, slots=True)
class Question:
    """`text` says what will happen; `back` is where to go afterwards, or when the answer is no."""

    title: str
    text: str
    button: str
    back: str
    danger: bool = True


def asked(
    question: Question, form: F, act: Callable[[Context, F], str], template: str = "admin/question.html", **more: Any
) -> ResponseReturnValue:
    """Show the question; on a yes with a reason run `act(ctx, form)`, which returns what to tell, and go back.

    The context carries the reason and the form's idempotency key. What `act` refuses is shown above the form.
    """
    if form.validate_on_submit():
        with form.refusals():
            told = act(replace(submit_ctx(), reason=form.reason.data), form)
            flash(told, "good")
            return redirect(question.back, 303)
    return page(template, question=question, form=form, **more), 422 if form.is_submitted() else 200
