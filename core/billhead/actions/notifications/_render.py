"""From facts to words: one text for each kind and language, and from it the subject, the mail, and what phones get."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billhead.actions.notifications._letter import Look, button_of, letter
from billhead.actions.notifications._paragraphs import (
    addresses_apart,
    as_html,
    as_text,
    mark_of,
    subject_of,
    without_nowhere,
)
from billhead.actions.notifications._standard import KINDS, WrittenText, standard_text
from billhead.actions.notifications._voice import Shown, Voice
from billhead.domain.errors import InvalidInput, NoticeRejected
from billhead.domain.fillable import read_fillable
from billhead.wording import wording

__all__ = ["KINDS", "Rendered", "named_facts", "render"]


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    short: str
    html: str


def render(kind: str, facts: Mapping[str, Any], written: WrittenText | None = None) -> Rendered:
    """`written` replaces what is said in `facts["language"]`: the seller's own text, else the standard one.
    `facts["zone"]` is the zone in which instants are told.

    Raises NoticeRejected for a kind without words, and for a text that names what there is not; a seller's own one that
    does so since an upgrade gives way to the standard text.
    """
    if kind not in KINDS:
        raise NoticeRejected(f"there is no notice of the kind {kind!r}", hint=f"there are: {', '.join(sorted(KINDS))}")
    own = facts.get("written")
    if written is None and own is not None:
        try:
            return render(kind, facts, own)
        except NoticeRejected:
            return render(kind, {**facts, "written": None})
    look: Look = facts.get("look") or Look()
    words = wording(facts.get("language", "en"), "notices").knowing(facts.get("own_words", {}))
    button = button_of(look, words)
    known, voice = named_facts(facts), Voice(words, facts["zone"], button)
    written = written or standard_text(kind, words.language)
    shown: list[Shown] = []

    def filled(field: str, source: str) -> str:
        try:
            whole = read_fillable(field, source).filled(lambda name: bool(known[name]), show)
        except KeyError as error:
            why = f"the text of a notice of the kind {kind} names {error.args[0]}, which is not there"
            raise NoticeRejected(why) from None
        except InvalidInput as error:
            raise NoticeRejected(error.message, hint=error.hint) from error
        return addresses_apart(without_nowhere(whole, shown), shown)

    def show(name: str) -> str:
        shown.append(voice.show(known[name]))
        mark = mark_of(len(shown) - 1)
        return f"\n\n{mark}\n\n" if shown[-1].block else mark

    subject = subject_of(filled("subject", written.subject), shown)
    body = filled("body", written.body)
    short = subject_of(filled("short", written.short), shown) if written.short else _short(subject, facts)
    framed = letter(as_text(body, shown), as_html(body, shown, button), facts, look, words)
    return Rendered(subject, framed.text, short, framed.html)


def named_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """{"document": {"total": …}} as {"document.total": …}: what a text may name."""
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{inner}": one for inner, one in value.items()})
        elif name not in _OURS:
            flat[name] = value
    return flat


_OURS = frozenset({"zone", "stop_url", "reply_to", "language", "look", "written", "own_words"})


def _short(subject: str, facts: Mapping[str, Any]) -> str:
    """A sentence and an address: a bill's own while something is owed on it."""
    if "code" in facts:
        return f"{facts['seller']}: {subject}"
    document = facts.get("document") or {}
    url = document["pay_url"] if document.get("owed") else facts["account_url"]
    return f"{facts['seller']}: {subject} {url}".rstrip()
