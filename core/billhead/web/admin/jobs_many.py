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
from billhead.web.speaking import marked, say

__all__ = ["acts_of", "minutes_of"]


def acts_of() -> list[tuple[str, str, str]]:
    """(label, address, permission) of what can be done to the jobs that the list is narrowed to."""
    asked_for: dict[str, Any] = {
        name: request.args[name] for name in ("state", "kind", "older") if request.args.get(name)
    }
    state = asked_for.get("state", "")
    acts = []
    if state in ("", "needs a person", *RETRIABLE):
        acts.append((say("Try all again"), url_for("admin.retry_many_jobs", **asked_for), "jobs.write"))
    if state in ("needs a person", *CANCELABLE):
        acts.append((say("Call all off"), url_for("admin.cancel_many_jobs", **asked_for), "jobs.write"))
    return acts


def _chosen(default: tuple[str, ...]) -> Chosen:
    state = request.args.get("state", "")
    states = (state,) if state in STATES else default
    return Chosen(states, request.args.get("kind", ""), minutes_of(request.args.get("older", "")) or 0)


def minutes_of(typed: str) -> int | None:
    """None for what is no number, and for one of more than nineteen years."""
    return whole_number(typed, 7)


def _told(figures: Figures, what: str) -> str:
    """`what` says it with `%(count)s` and `%(kinds)s`."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in figures.kinds.items())
    told = [say(what, count=figures.count, kinds=kinds or say("none"))]
    if figures.left_out:
        told.append(say("%(count)s are left out, since the same is queued already.", count=figures.left_out))
    if figures.errors:
        errors = "; ".join(f"{count} × {error}" for error, count in figures.errors.items())
        told.append(say("Their errors: %(errors)s", errors=errors))
    return " ".join(told)


@admin.route("/jobs/retry", methods=["GET", "POST"])
@allow("staff", permission="jobs.write")
def retry_many_jobs() -> ResponseReturnValue:
    chosen = _chosen(NEEDS_A_PERSON)
    with reading() as session:
        figures = preview_retry_jobs(session, chosen)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return say("%(count)s jobs are queued again.", count=retry_jobs(tx, chosen).jobs)

    text = _told(figures, marked("%(count)s jobs start again with all their tries: %(kinds)s."))
    title = say("Try %(count)s jobs again?", count=figures.count)
    return asked(Question(title, text, say("Try them again"), url_for("admin.jobs"), danger=False), ReasonForm(), act)


@admin.route("/jobs/cancel", methods=["GET", "POST"])
@allow("staff", permission="jobs.write")
def cancel_many_jobs() -> ResponseReturnValue:
    chosen = _chosen(NEEDS_A_PERSON)
    with reading() as session:
        figures = preview_cancel_jobs(session, chosen)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return say("%(count)s jobs are called off.", count=cancel_jobs(tx, chosen).jobs)

    text = _told(
        figures, marked("%(count)s jobs are not run any more; what they should have done stays undone: %(kinds)s.")
    )
    return asked(
        Question(
            say("Call %(count)s jobs off?", count=figures.count), text, say("Call them off"), url_for("admin.jobs")
        ),
        ReasonForm(),
        act,
    )
