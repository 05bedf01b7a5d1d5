"""Takes the secrets out of recorded traffic: each becomes a placeholder, the same one wherever it stands.

Hidden by the name of their field: logins, passwords, keys, tokens, session ids, and what the author names besides; by
their look: MAC and mail addresses. What was hidden once is hidden in texts, paths and errors as well, whichever came
first. The placeholder of a MAC is a MAC again (its vendor, and a number), for modules that check it.
A number is hidden only where it is a password, and becomes text by that.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from billhead.testing.tape import Exchange, Tape, each_text

__all__ = ["redacted"]

_KINDS = {
    "login": re.compile(r"login|user_?name|user|uname|.*_login|.*_user_?name"),
    "password": re.compile(r"(.*[_-])?(pass|passwd|pwd|pw|secret)|.*password"),
    "token": re.compile(r".*token|.*session_?id|.*api_?key|.*_key|key|sid|signature|hash"),
}
_MAC = r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b"
_MAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_IN_TEXT = re.compile(
    r"""([\w\[\].-]+)=([^\s"'&,;<>]+) | "([\w.-]+)"\s*:\s*"([^"\\]+)"
    | /(?:live|movie|series|timeshift)/([^/\s]+)/([^/\s]+)/""",
    re.VERBOSE,
)
_WORD, _ANYWHERE = 4, 6  # characters: shorter texts are found by the name of their field alone


def redacted(exchanges: Iterable[Exchange], *, host: str = "", hide: Iterable[str] = ()) -> Tape:
    """The tape of these exchanges. `host`: the panel's, which is hidden too. `hide`: more names of fields."""
    recorded = [{"request": each.request, "answer": each.answer} for each in exchanges]
    redaction = _Redaction(hide)
    if host:
        redaction.placeholder("panel", host)
    each_text(recorded, redaction.learn)
    redaction.end_learning()
    hidden = _numbers_hidden(each_text(recorded, redaction.hide), redaction)
    return Tape(tuple(Exchange(each["request"], each["answer"]) for each in hidden), tuple(redaction.used))


class _Redaction:
    def __init__(self, hide: Iterable[str]) -> None:
        self._more = {name.lower() for name in hide}
        self._known: dict[tuple[str, str], str] = {}
        self._counts: Counter[str] = Counter()
        self._anywhere = re.compile(f"{_MAC}|{_MAIL}")
        self._spelled: dict[str, str] = {}
        self.used: dict[str, None] = {}

    def kind(self, name: str) -> str:
        """Of the field `user_data[password]`: password. Empty: nothing that is hidden by its name."""
        inner = [part for part in re.split(r"[\[\].]", name.lower()) if part]
        leaf = inner[-1] if inner else ""
        if leaf in self._more:
            return "hidden"
        return next((kind for kind, looks in _KINDS.items() if looks.fullmatch(leaf)), "")

    def placeholder(self, kind: str, text: str) -> str:
        key = kind, text.upper().replace("-", ":") if kind == "mac" else text
        if key not in self._known:
            self._counts[kind] += 1
            number = self._counts[kind]
            digits = f"{number // 10_000:02}:{number // 100 % 100:02}:{number % 100:02}"
            self._known[key] = digits if kind == "mac" else f"<{kind}-{number}>"
        shown = self._known[key]
        if kind == "mac":
            shown = text[:9] + shown.replace(":", text[2])
        self.used[shown] = None
        return shown

    def learn(self, name: str, text: str) -> str:
        self._named(name, text)
        for key, value, quoted_key, quoted, login, password in _IN_TEXT.findall(text):
            for field, found in ((key, value), (quoted_key, quoted), ("login", login), ("password", password)):
                if found and (kind := self.kind(field)):
                    self.placeholder(kind, found)
        return text

    def end_learning(self) -> None:
        """From now on `hide` finds what was learnt, the longest first."""
        parts = []
        for (kind, text), shown in sorted(self._known.items(), key=lambda each: -len(each[0][1])):
            for spelled in dict.fromkeys((text, quote(text, safe=""), quote_plus(text))):
                if len(text) < _WORD or spelled in self._spelled:
                    continue
                self._spelled[spelled] = shown
                is_word = kind in ("login", "panel") or len(text) < _ANYWHERE
                parts.append(rf"(?<!\w){re.escape(spelled)}(?!\w)" if is_word else re.escape(spelled))
        self._anywhere = re.compile("|".join([*parts, _MAC, _MAIL]))

    def hide(self, name: str, text: str) -> str:
        return self._named(name, text) or self._anywhere.sub(self._found, text)

    def _found(self, match: re.Match[str]) -> str:
        text = match[0]
        return self._spelled.get(text) or self.placeholder("mail" if "@" in text else "mac", text)

    def _named(self, name: str, text: str) -> str:
        """The text hidden because of its field, or nothing."""
        if name == "auth" and text:
            scheme, _, credentials = text.partition(" ")
            login, colon, password = credentials.partition(":")
            if scheme == "Basic" and colon:
                return f"Basic {self._or_empty('login', login)}:{self._or_empty('password', password)}"
            return (
                f"{scheme} {self.placeholder('token', credentials)}" if credentials else self.placeholder("token", text)
            )
        if name == "set-cookie":
            cookie, _, rest = text.partition("=")
            value, semicolon, attributes = rest.partition(";")
            return f"{cookie}={self._or_empty('cookie', value)}{semicolon}{attributes}"
        kind = self.kind(name)
        return self.placeholder(kind, text) if kind and text else ""

    def _or_empty(self, kind: str, text: str) -> str:
        return self.placeholder(kind, text) if text else ""


def _numbers_hidden(value: Any, redaction: _Redaction, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _numbers_hidden(inner, redaction, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbers_hidden(inner, redaction, name) for inner in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    hidden = is_number and redaction.kind(name) in ("password", "hidden")
    return redaction.placeholder(redaction.kind(name), str(value)) if hidden else value
