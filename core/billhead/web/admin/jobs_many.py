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
from billhead.web.speaking import say, say_count

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


def _kinds(figures: Figures) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in figures.kinds.items()) or say("none")


def _told(figures: Figures, what: str) -> str:
    told = [what]
    if figures.left_out:
        left_out = say_count(
            "%(count)s is left out, since the same is queued already.",
            "%(count)s are left out, since the same is queued already.",
            figures.left_out,
        )
        told.append(left_out)
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
            done = retry_jobs(tx, chosen)
        return say_count("%(count)s job is queued again.", "%(count)s jobs are queued again.", done.jobs)

    what = say_count(
        "%(count)s job starts again with all its tries: %(kinds)s.",
        "%(count)s jobs start again with all their tries: %(kinds)s.",
        figures.count,
        kinds=_kinds(figures),
    )
    text = _told(figures, what)
    title = say_count("Try %(count)s job again?", "Try %(count)s jobs again?", figures.count)
    return asked(Question(title, text, say("Try them again"), url_for("admin.jobs"), danger=False), ReasonForm(), act)


@admin.route("/jobs/cancel", methods=["GET", "POST"])
@allow("staff", permission="jobs.write")
def cancel_many_jobs() -> ResponseReturnValue:
    chosen = _chosen(NEEDS_A_PERSON)
    with reading() as session:
        figures = preview_cancel_jobs(session, chosen)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            done = cancel_jobs(tx, chosen)
        return say_count("%(count)s job is called off.", "%(count)s jobs are called off.", done.jobs)

    what = say_count(
        "%(count)s job is not run any more; what it should have done stays undone: %(kinds)s.",
        "%(count)s jobs are not run any more; what they should have done stays undone: %(kinds)s.",
        figures.count,
        kinds=_kinds(figures),
    )
    text = _told(figures, what)
    title = say_count("Call %(count)s job off?", "Call %(count)s jobs off?", figures.count)
    return asked(
        Question(title, text, say("Call them off"), url_for("admin.jobs")),
        ReasonForm(),
        act,
    )
