"""A tape: what a panel was asked and what it answered, as JSON that a person can read and mend.

    {"tape": 1, "placeholders": ["<login-1>", "<password-1>"], "exchanges": [{
       "request": {"method": "POST", "path": "/api/users", "form": {"login": "<login-1>", "password": "<password-1>"}},
       "answer": {"status": 200, "headers": {"content-type": "application/json"}, "json": {"login": "<login-1>"}}}]}

A body is `form` (requests only), `json`, or `text`; `query` and `form` hold a value for each name, or a list where
there are several. An answer of null: none came. `placeholders` names the texts that stand for something: in a request
for whatever is sent, the same every time; in an answer for what was sent. `<any>` in a request is anything at all.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from billhead.domain.errors import InvalidInput

__all__ = ["Exchange", "Tape", "body_of", "content_of", "each_text", "fields_of", "request_of"]

_VERSION = 1


@dataclass
class Exchange:
    """One request and its answer, in the shapes of the tape. No answer: the panel broke off or never answered."""

    request: dict[str, Any]
    answer: dict[str, Any] | None = None


@dataclass(frozen=True)
class Tape:
    exchanges: tuple[Exchange, ...]
    placeholders: tuple[str, ...] = field(default=())

    @classmethod
    def load(cls, path: Path) -> "Tape":
        """InvalidInput says what is wrong with a file that is no tape."""
        try:
            written = json.loads(path.read_text("utf-8"))
            if written["tape"] != _VERSION:
                raise InvalidInput("tape", f"{path} is a tape of version {written['tape']}, not {_VERSION}")
            exchanges = tuple(Exchange(dict(each["request"]), each["answer"]) for each in written["exchanges"])
            for exchange in exchanges:
                _checked(exchange)
            return cls(exchanges, tuple(map(str, written.get("placeholders", ()))))
        except OSError as error:
            raise InvalidInput("tape", f"{path} can't be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput("tape", f"{path} is not a tape: {error!r}") from error

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        written = {
            "tape": _VERSION,
            "placeholders": list(self.placeholders),
            "exchanges": [{"request": each.request, "answer": each.answer} for each in self.exchanges],
        }
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(json.dumps(written, indent=2) + "\n", "utf-8")
        beside.replace(path)


def _checked(exchange: Exchange) -> None:
    if not all(isinstance(exchange.request[name], str) for name in ("method", "path")):
        raise TypeError("a request has a method and a path")
    if exchange.answer is not None and not isinstance(exchange.answer["status"], int):
        raise TypeError("an answer has a status, or is null")


def request_of(method: str, target: str, headers: Message, body: bytes) -> dict[str, Any]:
    """A request as the tape has it: path and values decoded, Basic credentials in clear, other headers left out."""
    url = urlsplit(target)
    request: dict[str, Any] = {"method": method, "path": unquote(url.path)}
    if url.query:
        request["query"] = fields_of(parse_qsl(url.query, keep_blank_values=True))
    if headers.get("Authorization"):
        request["auth"] = _decoded(headers["Authorization"])
    return request | content_of(body, headers.get("Content-Type") or "")


def _decoded(authorization: str) -> str:
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return authorization
    try:
        return f"Basic {base64.b64decode(rest, validate=True).decode()}"
    except ValueError:
        return authorization


def fields_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """{"name": "value", "several": ["one", "two"]}"""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def content_of(body: bytes, content_type: str = "") -> dict[str, Any]:
    """A body under the name of its shape. JSON that would not survive being read and written is kept as text."""
    text = body.decode("utf-8", "surrogateescape")  # any bytes at all, and the same ones again
    if not text:
        return {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        return {"form": fields_of(parse_qsl(text, keep_blank_values=True))}
    try:
        value = json.loads(text, object_pairs_hook=_no_name_twice)
    except ValueError:
        return {"text": text}
    return {"json": value} if isinstance(value, dict | list) else {"text": text}


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def body_of(answer: Mapping[str, Any]) -> bytes:
    if "json" in answer:
        return json.dumps(answer["json"]).encode()
    return str(answer.get("text", "")).encode("utf-8", "surrogateescape")


def each_text(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:
    """The same value with every text in it changed: `change(name of its field, text)`. Names are changed too."""
    if isinstance(value, str):
        return change(name, value)
    if isinstance(value, Mapping):
        return {change("", key): each_text(inner, change, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [each_text(inner, change, name) for inner in value]
    return value
