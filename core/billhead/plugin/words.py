"""What a plugin's own pages say in the language of the visitor.

The catalogues lie beside the plugin's entry-point module, in `locale/<language>/LC_MESSAGES/pages.po`; the English text
is the key. On the plugin's pages its own words come first, then core's; its reports and its entry in the menu are said
by them too.
`python -m billhead.locale.write_catalogues <folder of the package>` brings them in step with what the package says.
"""

from collections.abc import Callable
from typing import Protocol

from werkzeug.local import LocalProxy

__all__ = ["Speech", "later", "marked", "provide_speech", "say", "say_count", "say_refusal"]


class Speech(Protocol):
    """The words of one language."""

    def say(self, text: str, /, **named: object) -> str: ...
    def count(self, one: str, many: str, number: int, /, **named: object) -> str: ...
    def refusal(self, text: str) -> str: ...


_providers: list[Callable[[], Speech | None]] = []


def say(text: str, **named: object) -> str:
    """The text in the language of the page; `%(name)s` in it is filled in from `named`. English where no page is made,
    as in commands and jobs."""
    speech = _speech()
    if speech is not None:
        return speech.say(text, **named)
    return text % named if named else text


def say_count(one: str, many: str, number: int, /, **named: object) -> str:
    """ "%(count)d rate" or "%(count)d rates", by the plural rules of the language; other values as in `say`."""
    speech = _speech()
    if speech is not None:
        return speech.count(one, many, number, **named)
    return (one if number == 1 else many) % {"count": number, **named}


def later(text: str) -> str:
    """The text, said when it is shown: for labels of forms, which are made at import."""
    return LocalProxy(lambda: say(text))  # type: ignore[return-value]


def marked(text: str) -> str:
    """The text as it is, for the catalogues to find: of reports, and of tables whose words are said where they are
    shown."""
    return text


def say_refusal(text: str) -> str:
    """Why something was refused, said in the language of the page if the sentence stands in the plugin's
    `locale/refusals.txt`, one a line with its values as `%(name)s`; otherwise as it is."""
    speech = _speech()
    return text if speech is None else speech.refusal(text)


def provide_speech(provider: Callable[[], Speech | None]) -> None:
    """Called by core at start-up; not part of the API."""
    _providers[:] = [provider]


def _speech() -> Speech | None:
    return _providers[-1]() if _providers else None
