"""Which language a page speaks: the visitor's choice, else the customer's own, else the browser's, else English.

Templates say `_("…")` or `{% trans %}…{% endtrans %}`; Python says `say("…")` in a view and `later("…")` where the
words are needed at import, as in forms. So it is in every area, also where staff work; what is kept (reasons in the
audit trail, results of jobs, the log) stays in English: whoever reads it has to find the words again.
"""

from flask import Flask, current_app, g, has_request_context, request
from werkzeug.local import LocalProxy

from billhead.plugin.words import provide_speech
from billhead.web.request_context import signed_in
from billhead.wording import PAGE_LANGUAGES, Wording, marked, wording

__all__ = ["LANGUAGE_COOKIE", "install", "later", "marked", "other_language", "say", "say_count", "say_word", "speech"]

LANGUAGE_COOKIE = "language"


def install(app: Flask) -> None:
    provide_speech(lambda: speech() if has_request_context() else None)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]

    @app.context_processor
    def language() -> dict[str, object]:
        return {"speech": speech(), "languages": [wording(code, "pages") for code in PAGE_LANGUAGES]}


def speech() -> Wording:
    """The words of this request."""
    if "speech" not in g:
        owners = current_app.extensions.get("billhead_owners", {})
        g.speech = wording(_language(), "pages", owners.get((request.blueprint or "").partition(".")[0], ""))
    found: Wording = g.speech
    return found


def other_language() -> Wording | None:
    """The words of this page, if it isn't in English (a command has no page)."""
    if not has_request_context():
        return None
    words = speech()
    return None if words.language == "en" else words


def _language() -> str:
    login = signed_in()
    for wanted in (request.cookies.get(LANGUAGE_COOKIE, ""), login.language if login is not None else ""):
        if (code := wanted.partition("-")[0].lower()) in PAGE_LANGUAGES:
            return code
    return request.accept_languages.best_match(PAGE_LANGUAGES) or "en"


def say(text: str, **named: object) -> str:
    """The text in the language of this request; `%(name)s` in it is filled in from `named`."""
    return speech().say(text, **named)


def say_word(code: str) -> str:
    """A state or a kind, as it stands in a column, in the language of this request."""
    return speech().say_word(code)


def say_count(one: str, many: str, number: int, /, **named: object) -> str:
    """ "%(count)d line" or "%(count)d lines", by the plural rules of the language; other values as in `say`."""
    return speech().count(one, many, number, **named)


def later(text: str, **values: object) -> str:
    """The text, put into the language of the request in which it is shown: for labels of forms."""
    return LocalProxy(lambda: speech().say(text, **values))  # type: ignore[return-value]


def _gettext(text: str) -> str:
    return speech().say(text)


def _ngettext(one: str, many: str, number: int) -> str:
    return speech().choose(one, many, number)
