"""Setting up, step by step: how far it is follows from what is there; each step can be left and come back to."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from billhead.actions.health._health import quick_checks
from billhead.actions.health._work import command_of
from billhead.actions.setup._steps import STEPS, steps_of
from billhead.db import reading
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.health import shown
from billhead.web.pages import page

__all__ = ["next_step", "step_page"]


def next_step(name: str) -> str:
    """The address of the step after this one; after the last, of all steps."""
    names = [step.name for step in STEPS]
    after = names.index(name) + 1
    return url_for(f"admin.setup_{names[after]}") if after < len(names) else url_for("admin.setup")


def step_page(name: str, template: str = "admin/setup_step.html", *, form: Any = None, **more: Any) -> Any:
    """The page of a step: where it stands among the others, what the doctor says of it, and its form."""
    with reading() as session:
        steps = steps_of(session)
    step = next(one for one in steps if one.name == name)
    found = shown(quick_checks(step.checks)) if step.checks else []
    status = 422 if form is not None and form.is_submitted() else 200
    more = {"settings": None, "chosen": "", **more}
    return page(template, steps=steps, step=step, found=found, form=form, onward=next_step(name), **more), status


@admin.get("/setup")
@allow("staff")
def setup() -> ResponseReturnValue:
    with reading() as session:
        steps = steps_of(session)
    needed = [step for step in steps if not step.optional]
    return page("admin/setup.html", steps=steps, done=sum(step.done for step in needed), of=len(needed))


@admin.get("/setup/worker")
@allow("staff", permission="jobs.write")
def setup_worker() -> ResponseReturnValue:
    """Nothing is entered here: it is looked whether somebody works."""
    return step_page("worker", "admin/setup_worker.html", starts=(command_of("worker"), command_of("beat")))
