"""From what went wrong to a status and a page that says what, and how to go on. Only here are statuses decided."""

import logging

from flask import Flask, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from billhead.domain.errors import (
    BillheadError,
    Conflict,
    GatewayRejected,
    GatewayUnreachable,
    InvalidInput,
    NotAllowed,
    NotFound,
    PanelUnreachable,
    PaymentError,
)
from billhead.web.pages import page
from billhead.web.speaking import marked, say, speech

__all__ = ["in_words", "install", "reason", "refusal", "status_of"]

log = logging.getLogger("billhead.web")

_STATUSES: tuple[tuple[type[BillheadError], int], ...] = (
    (InvalidInput, 422),
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (PaymentError, 409),
    (GatewayUnreachable, 503),
    (GatewayRejected, 502),
    (PanelUnreachable, 503),
)
_BY_CODE = {"too_often": 429, "unknown_key": 401}
_TITLES = {
    400: marked("This form could not be read"),
    403: marked("No access"),
    404: marked("There is nothing here"),
    405: marked("Not this way"),
    409: marked("That is not possible now"),
    413: marked("This is too large"),
    422: marked("Something has to be corrected"),
    429: marked("A little slower, please"),
    502: marked("The payment provider said no"),
    503: marked("Not reachable for the moment"),
}
_TEXTS = {
    400: marked(
        "It was open for too long, or in a second window. Go back, load the page again and repeat what you did."
    ),
    404: marked("The address may be mistyped, or what was here is gone."),
    405: marked("This page can't be opened like that. Go back and use the button on the page."),
    413: marked("Send a smaller file."),
    502: marked("Nothing was charged. Choose another way to pay, or tell us."),
    503: marked("Nothing was lost. Please try again in a minute."),
}
_BROKEN = marked("We could not finish this. It has been noted; nothing half-done was kept.")


def status_of(error: BillheadError) -> int:
    return _BY_CODE.get(error.code) or next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def refusal(error: BillheadError) -> tuple[str, int]:
    """What to say above a form, and the status; what is our own fault is raised again."""
    status = status_of(error)
    if status >= 500:
        raise error
    return in_words(error), status


def in_words(error: BillheadError) -> str:
    """What was refused, and what to do about it, in the language of the page."""
    return f"{reason(error)} {_sentence(speech().refusal(error.hint or ''))}".strip()


def reason(error: BillheadError) -> str:
    """What was refused, as a sentence, without what to do about it."""
    why = speech().refusal(str(getattr(error, "why", error.message)))
    if error.field and not error.field.isidentifier():  # named in words, as gateways do: it has no place on our pages
        why = f"{say(error.field)}: {why}"
    return _sentence(why)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def install(app: Flask) -> None:
    app.register_error_handler(BillheadError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _broken)


def _refused(error: BillheadError) -> ResponseReturnValue:
    status = status_of(error)
    if status >= 500:
        log.error("request %s: %s", g.get("request_id"), error, exc_info=error)
    if status == 500:
        return _answer(500, "error", _BROKEN, "")
    if status > 500:
        return _answer(status, error.code, _TEXTS[status], error.hint or "", error.field or "")
    told = reason(error) if isinstance(error, InvalidInput) else ""
    return _answer(status, error.code, error.message, error.hint or "", error.field or "", told)


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    return _answer(error.code, error.name.lower().replace(" ", "_"), _TEXTS.get(error.code, _BROKEN), "")


def _broken(error: Exception) -> ResponseReturnValue:
    log.error("request %s failed", g.get("request_id"), exc_info=error)
    return _answer(500, "error", _BROKEN, "")


def _answer(status: int, code: str, text: str, hint: str, field: str = "", in_short: str = "") -> ResponseReturnValue:
    """`in_short`: what a page says in place of `text`, which names a field as programs know it ("amount: …")."""
    request_id = g.get("request_id", "")
    wanted = request.accept_mimetypes.best_match(("text/html", "application/json"), "text/html")
    if wanted == "application/json" or request.path.startswith("/api/"):
        told = {"code": code, "message": text, "hint": hint, "field": field, "request_id": request_id}
        return jsonify({name: value for name, value in told.items() if value}), status
    title = _TITLES.get(status, marked("Something went wrong"))
    try:
        told = {"heading": say(title), "text": in_short or speech().refusal(say(text)), "hint": speech().refusal(hint)}
        return page("error.html", status=status, request_id=request_id, **told), status
    except Exception:
        log.exception("the error page failed too")
        return f"{title}. {text} ({request_id})", status, {"Content-Type": "text/plain; charset=utf-8"}
