"""Who watches on a line now, and cutting one of them: the same for staff and for whose line it is."""

from dataclasses import replace

from flask import flash, request

from billhead.actions.access.cut_session import cut_session
from billhead.actions.access.watch_now import WatchedNow, watch_now
from billhead.domain.errors import BillheadError
from billhead.web.errors import refusal
from billhead.web.request_context import current_ctx
from billhead.web.speaking import say, speech

__all__ = ["cut_and_tell", "watched_now"]


def watched_now(service_id: int) -> tuple[WatchedNow, int]:
    """The panel's answer, or the refusal as its problem, and the status of the page that shows it."""
    try:
        seen = watch_now(current_ctx(), service_id)
        return replace(seen, problem=speech().refusal(seen.problem)), 200
    except BillheadError as refused:
        problem, status = refusal(refused)
        return WatchedNow(problem=problem), status


def cut_and_tell(service_id: int, told: str) -> None:
    """Cut the session that the form names; `told` is said when it was cut."""
    try:
        done = cut_session(current_ctx(), service_id, request.form.get("session", ""))
    except BillheadError as refused:
        text, _status = refusal(refused)
        flash(text, "bad")
    else:
        said = speech().refusal(done.problem) or (told if done.cut else say("It was over already."))
        flash(said, "bad" if done.problem else "good")
