"""What customers read of the operator's own words, in other languages: listed, written a page at a time, as a file."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField

from billhead.actions.content._customers_read import WHERE, texts_of
from billhead.actions.content._own_words import all_words, longest, mark_of
from billhead.actions.content._words_file import COLUMNS, file_rows, word_rows
from billhead.actions.content.import_words import WordsImported, import_words
from billhead.actions.content.save_words import save_words
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError, NotFound
from billhead.domain.whole_number import whole_number
from billhead.plugin import allow
from billhead.web.admin.area import admin, own_seller_id
from billhead.web.csv_export import csv_response
from billhead.web.errors import refusal
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.paging import SIZE, Rows
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, say_count, speech
from billhead.wording import LANGUAGES, direction, wording

__all__: list[str] = []

_NEEDS = "content.write"


class _Row(NamedTuple):
    mark: str
    text: str
    where: str
    said: str
    longest: int
    lines: int


@admin.get("/words")
@allow("staff")
def own_words() -> ResponseReturnValue:
    """The page, or all that is and is not said yet, in every language, as CSV (`?format=csv`)."""
    if request.args.get("format") == "csv":
        with reading() as session:
            rows = list(file_rows(session, own_seller_id()))
        return csv_response("words", COLUMNS, rows)
    return _shown("", {})


@admin.post("/words")
@allow("staff", permission=_NEEDS)
def save_own_words() -> ResponseReturnValue:
    """The rows of one page; what stands in a field as it was shown is left alone, whoever has changed it meanwhile."""
    language = request.form.get("language", "")
    with reading() as session:
        texts = {mark_of(one.text): one.text for one in texts_of(session, own_seller_id())}
    typed = {mark: _typed(f"said-{mark}") for mark in texts if f"said-{mark}" in request.form}
    words = {texts[mark]: said for mark, said in typed.items() if said != _typed(f"was-{mark}")}
    try:
        with writing(submit_ctx()) as tx:
            changed = save_words(tx, own_seller_id(), language, words).changed
    except NotFound:
        raise
    except BillheadError as refused:
        problem, status = refusal(refused)
        return _shown(problem, typed), status
    flash(say_count("%(count)d text is saved.", "%(count)d texts are saved.", changed), "good")
    return redirect(url_for("admin.own_words", language=language, q=request.args.get("q") or None), 303)


def _typed(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _shown(problem: str, typed: dict[str, str]) -> str:
    language, q = _language(), request.args.get("q", "").strip()
    with reading() as session:
        texts, words = texts_of(session, own_seller_id()), all_words(session, own_seller_id())
    known = {one.text for one in texts}
    missing = {code: len(known - words.get(code, {}).keys()) for code in LANGUAGES}
    mine = words.get(language, {})
    found = [one for one in texts if q.casefold() in f"{one.text}\0{mine.get(one.text, '')}".casefold()]
    found.sort(key=lambda one: one.text in mine)
    start = min(whole_number(request.args.get("from", ""), 6) or 0, max(len(found) - 1, 0))
    rows = [
        _Row(mark, one.text, WHERE[one.where], mine.get(one.text, ""), longest(one.text), _lines(one.text))
        for one in found[start : start + SIZE]
        if (mark := mark_of(one.text))
    ]
    told: dict[str, Any] = {"missing": missing, "language": language, "all": len(texts), "q": q, "problem": problem}
    spoken = [(code, wording(code).own_name) for code in LANGUAGES]
    shown = Rows(
        rows,
        newer=_at(start - SIZE) if start else "",
        older=_at(start + SIZE) if start + SIZE < len(found) else "",
    )
    return page("admin/own_words.html", rows=shown, typed=typed, spoken=spoken, dir=direction(language), **told)


def _language() -> str:
    """The one that is asked for; else that of the page, or the first that is not English."""
    asked = request.values.get("language", "")
    if asked and asked not in LANGUAGES:
        raise NotFound("language", asked)
    return asked or (speech().language if speech().language != "en" else next(c for c in LANGUAGES if c != "en"))


def _lines(text: str) -> int:
    """Of the field: one where a name is written."""
    return 1 if len(text) <= 80 and "\n" not in text else min(8, 2 + len(text) // 80)


def _at(start: int) -> str:
    kept = {name: request.args[name] for name in ("language", "q") if request.args.get(name)}
    kept["from"] = str(max(start, 0))
    return f"{url_for('admin.own_words')}?{urlencode(kept)}"


class WordsForm(Form):
    file = FileField(
        later("CSV file"),
        validators=[FileRequired(later("Choose a file."))],
        description=later(
            "As it is downloaded here: the column text, and one for each language. Empty cells change nothing."
        ),
    )
    dry_run = BooleanField(later("Only look: take nothing in"), default=True)


@admin.route("/words/file", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def take_in_words() -> ResponseReturnValue:
    form, done = WordsForm(), None
    if form.validate_on_submit():
        with form.refusals():
            done = _taken(bool(form.dry_run.data))
    status = 422 if form.is_submitted() and done is None else 200
    return page("admin/own_words_file.html", form=form, done=done), status


def _taken(dry_run: bool) -> WordsImported:
    picked = request.files.get("file")
    rows = word_rows(picked.read() if picked and picked.filename else b"")
    with writing(submit_ctx()) as tx:
        return import_words(tx, own_seller_id(), rows, dry_run=dry_run)
