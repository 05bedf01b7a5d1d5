"""Questions that show in figures what will happen, before somebody says yes: the action itself, rolled back.

The first answer shows the figures, the second one does it. If they changed in between, the new ones are shown instead.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from wtforms import HiddenField

from billhead.actions.rehearse import rehearse
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.web.admin.asking import Question, ReasonForm
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx

__all__ = ["Figures", "PreviewForm", "asked_with", "previewed"]

Figures = Sequence[tuple[str, str]]
"""(what, how much), as shown."""

R = TypeVar("R")


class PreviewForm(ReasonForm):
    seen = HiddenField()


def previewed(
    question: Question,
    form: Any,
    act: Callable[[Tx], R],
    figures: Callable[[R], Figures],
    done: Callable[[Context, R], str],
    leads_to: Callable[[R], str] | None = None,
    template: str = "admin/previewed.html",
    **more: Any,
) -> ResponseReturnValue:
    """Ask, show the `figures` of what `act` returns, and do it once they were seen; `done` tells how it went.

    `done` is called after the commit, with no transaction open: it may send what was decided. `leads_to` is the page
    of what was made; without it the question's own way back is taken. `more` is for the template.
    """

    def do(ctx: Context) -> tuple[str, str]:
        with writing(ctx) as tx:
            result = act(tx)
        return done(ctx, result), leads_to(result) if leads_to is not None else ""

    return asked_with(question, form, lambda ctx: figures(rehearse(ctx, act)), do, template, **more)


def asked_with(
    question: Question,
    form: Any,
    look: Callable[[Context], Figures],
    do: Callable[[Context], tuple[str, str]],
    template: str = "admin/previewed.html",
    **more: Any,
) -> ResponseReturnValue:
    """The same for what is no single transaction: `look` returns the figures, `do` what to tell afterwards
    and the page that follows ("": the question's own way back)."""
    shown: Figures = ()
    if form.validate_on_submit():
        with form.refusals():
            ctx = replace(submit_ctx(), reason=form.reason.data)
            shown = look(ctx)
            if form.seen.data == _digest(shown):
                told, where = do(ctx)
                flash(told, "good")
                return redirect(where or question.back, 303)
            form.seen.data = _digest(shown)
    status = 422 if form.is_submitted() and not shown else 200
    return page(template, question=question, form=form, shown=shown, **more), status


def _digest(shown: Figures) -> str:
    return hashlib.sha256(repr(list(shown)).encode()).hexdigest()[:16]
