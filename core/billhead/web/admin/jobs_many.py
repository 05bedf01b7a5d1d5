"""Many jobs at once: tried again or called off, with the figures first."""

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.jobs._chosen import CANCELABLE, NEEDS_A_PERSON, RETRIABLE, STATES, Chosen, Figures
from billhead.actions.jobs.cancel_jobs import cancel_jobs, preview_cancel_jobs
from billhead.actions.jobs.retry_jobs import preview_retry_jobs, retry_jobs
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.whole_number import whole_number
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.asking import Question, ReasonForm, asked

__all__ = ["acts_of", "minutes_of"]


def acts_of() -> list[tuple[str, str, str]]:
    """(label, address, permission) of what can be done to the jobs that the list is narrowed to."""
    asked_for: dict[str, Any] = {
        name: request.args[name] for name in ("state", "kind", "older") if request.args.get(name)
    }
    state = asked_for.get("state", "")
    acts = []
    if state in ("", "needs a person", *RETRIABLE):
        acts.append(("Try all again", url_for("admin.retry_many_jobs", **asked_for), "jobs.write"))
    if state in ("needs a person", *CANCELABLE):
        acts.append(("Call all off", url_for("admin.cancel_many_jobs", **asked_for), "jobs.write"))
    return acts


def _chosen(default: tuple[str, ...]) -> Chosen:
    state = request.args.get("state", "")
    states = (state,) if state in STATES else default
    return Chosen(states, request.args.get("kind", ""), minutes_of(request.args.get("older", "")) or 0)


def minutes_of(typed: str) -> int | None:
    """None for what is no number, and for one of more than nineteen years."""
    return whole_number(typed, 7)


def _told(figures: Figures, what: str) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in figures.kinds.items())
    said = "; ".join(f"{count} × {error}" for error, count in figures.errors.items())
    left = f" {figures.left_out} are left out, since the same is queued already." if figures.left_out else ""
    return f"{figures.count} jobs {what}: {kinds or 'none'}.{left}" + (f" Their errors: {said}" if said else "")


@admin.route("/jobs/retry", methods=["GET", "POST"])
@allow("staff", permission="jobs.write")
def retry_many_jobs() -> ResponseReturnValue:
    chosen = _chosen(NEEDS_A_PERSON)
    with reading() as session:
        figures = preview_retry_jobs(session, chosen)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return f"{retry_jobs(tx, chosen).jobs} jobs are queued again."

    text = _told(figures, "start again with all their tries")
    title = f"Try {figures.count} jobs again?"
    return asked(Question(title, text, "Try them again", url_for("admin.jobs"), danger=False), ReasonForm(), act)


@admin.route("/jobs/cancel", methods=["GET", "POST"])
@allow("staff", permission="jobs.write")
def cancel_many_jobs() -> ResponseReturnValue:
    chosen = _chosen(NEEDS_A_PERSON)
    with reading() as session:
        figures = preview_cancel_jobs(session, chosen)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return f"{cancel_jobs(tx, chosen).jobs} jobs are called off."

    text = _told(figures, "are not run any more; what they should have done stays undone")
    return asked(
        Question(f"Call {figures.count} jobs off?", text, "Call them off", url_for("admin.jobs")), ReasonForm(), act
    )
