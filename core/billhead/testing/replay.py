"""Plays a tape: a panel that answers as the recorded one did, and is asked nothing else.

with Replay(Path("tapes/renewal.json")) as panel:
    ...  # the module's panel has the address panel.url
panel.assert_played()
"""

import re
import sys
import threading
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from billhead.testing.local_server import AnyMethod, LocalServer
from billhead.testing.tape import Exchange, Tape, body_of, each_text, request_of

__all__ = ["Replay"]

_ANY = "<any>"
_MAC = r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}"  # its placeholder stands for no other thing
_NOT_ON_TAPE = 599
_COMPUTED = {"content-length", "transfer-encoding", "connection"}

Bound = dict[str, str]  # placeholder in capitals: what it stands for


class Replay:
    """Use it as a context manager. A request is answered by the first exchange that it fits and that was not played
    yet; when all are played, by the last one again. What fits none is answered with 599 and told in `unknown`."""

    def __init__(self, tape: Path | Tape, *, port: int = 0, loud: bool = False) -> None:
        self.tape = tape if isinstance(tape, Tape) else Tape.load(tape)
        self.played: list[int] = []
        self.unknown: list[str] = []
        self._loud = loud
        self._bound: Bound = {"<PANEL-1>": "127.0.0.1"}
        self._holders = re.compile("|".join(map(re.escape, sorted({*self.tape.placeholders, _ANY}, key=len)[::-1])))
        self._one_at_a_time = threading.Lock()
        self._server = LocalServer(port, _playing(self))
        self.url = self._server.url

    def __enter__(self) -> Self:
        self._server.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.end()

    def assert_known(self) -> None:
        """Nothing was asked that is not on the tape."""
        if self.unknown:
            raise AssertionError("\n".join(self.unknown))

    def assert_played(self) -> None:
        """All requests of the tape came, in its order, each as often as recorded, and no others."""
        self.assert_known()
        if self.played == list(range(len(self.tape.exchanges))):
            return
        came = ", ".join(str(number + 1) for number in self.played) or "none"
        missing = set(range(len(self.tape.exchanges))) - set(self.played)
        never = "".join(f"\n  never asked: {self._called(number)}" for number in sorted(missing))
        raise AssertionError(f"of {len(self.tape.exchanges)} recorded requests came, in this order: {came}{never}")

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """What the tape answers; None where the panel did not."""
        with self._one_at_a_time:
            fitting = []
            for number, exchange in enumerate(self.tape.exchanges):
                bound = dict(self._bound)
                if not self._differences(exchange, request, bound):
                    fitting.append((number, bound))
            if not fitting:
                return self._refused(request)
            fresh = [each for each in fitting if each[0] not in self.played]
            number, self._bound = fresh[0] if fresh else fitting[-1]
            self.played.append(number)
            answer: dict[str, Any] | None = each_text(self.tape.exchanges[number].answer, self._filled)
            return answer

    def _refused(self, request: dict[str, Any]) -> dict[str, Any]:
        said = f"Not on the tape: {request['method']} {request['path']}"
        if self.tape.exchanges:
            number, differing = self._nearest(request)
            said += f"; the nearest is {self._called(number)}, but {'; '.join(differing)}"
        self.unknown.append(said)
        if self._loud:
            print(said, file=sys.stderr, flush=True)  # noqa: T201
        return {"status": _NOT_ON_TAPE, "headers": {"content-type": "text/plain; charset=utf-8"}, "text": said}

    def _nearest(self, request: dict[str, Any]) -> tuple[int, list[str]]:
        def distance(number: int) -> tuple[bool, float, int]:
            recorded = self.tape.exchanges[number].request
            alike = SequenceMatcher(None, recorded["path"], request["path"]).ratio()
            differing = self._differences(self.tape.exchanges[number], request, dict(self._bound))
            return recorded["method"] != request["method"], -round(alike, 1), len(differing)

        number = min(range(len(self.tape.exchanges)), key=distance)
        return number, self._differences(self.tape.exchanges[number], request, dict(self._bound))

    def _called(self, number: int) -> str:
        request = self.tape.exchanges[number].request
        return f"{number + 1}. {request['method']} {request['path']}"

    def _differences(self, exchange: Exchange, asked: dict[str, Any], bound: Bound) -> list[str]:
        """In which fields they differ; none: they fit. What placeholders stand for is added to `bound`."""
        here, there = _flat(exchange.request), _flat(asked)
        faults = []
        for name in dict.fromkeys([*here, *there]):
            if name not in there:
                faults.append(f"{name} is missing")
            elif name not in here:
                faults.append(f"{name} is not recorded")
            elif not self._fits(here[name], there[name], bound):
                is_open = not self._holders.search(str(here[name]))  # else it is a secret, and not told
                faults.append(f"{name} was {here[name]!r}, is {there[name]!r}" if is_open else f"{name} is another")
        return faults

    def _fits(self, recorded: Any, asked: Any, bound: Bound) -> bool:
        if isinstance(recorded, str) and isinstance(asked, str):
            return self._text_fits(recorded, asked, bound)
        if isinstance(recorded, Mapping) and isinstance(asked, Mapping):
            return recorded.keys() == asked.keys() and all(self._fits(recorded[k], asked[k], bound) for k in recorded)
        if isinstance(recorded, list) and isinstance(asked, list):
            return len(recorded) == len(asked) and all(
                self._fits(a, b, bound) for a, b in zip(recorded, asked, strict=True)
            )
        return type(recorded) is type(asked) and bool(recorded == asked)

    def _text_fits(self, recorded: str, asked: str, bound: Bound) -> bool:
        wanted, end, groups = "", 0, dict[str, str]()
        for holder in self._holders.finditer(recorded):
            wanted += re.escape(recorded[end : holder.start()])
            end, name = holder.end(), holder[0].upper()
            if holder[0] == _ANY:
                wanted += ".*"
            elif name in groups:
                wanted += f"(?P={groups[name]})"
            elif name in bound:
                value = re.escape(bound[name])
                wanted += value if name[0] == "<" else f"(?i:{value})"
            else:
                groups[name] = f"g{len(groups)}"
                anything = "[^/]+" if recorded.startswith("/") else ".+"  # in a path no more than one part of it
                wanted += f"(?P<{groups[name]}>{_MAC if re.fullmatch(_MAC, name) else anything})"
        found = re.fullmatch(wanted + re.escape(recorded[end:]), asked, re.DOTALL)
        if found:
            bound.update({name: found[group] for name, group in groups.items()})
        return found is not None

    def _filled(self, _name: str, text: str) -> str:
        return self._holders.sub(self._value, text)

    def _value(self, holder: re.Match[str]) -> str:
        """What was sent in this place; the placeholder itself where nothing was."""
        text = holder[0]
        value = self._bound.get(text.upper(), text)
        return value.lower() if text[0] != "<" and text.islower() else value  # a MAC as the panel spelled it


def _flat(request: Mapping[str, Any]) -> dict[str, Any]:
    """{"method": …, "path": …, "form login": …}"""
    flat = {}
    for name, value in request.items():
        if isinstance(value, Mapping):
            flat.update({f"{name} {inner}": each for inner, each in value.items()})
        else:
            flat[name] = value
    return flat


def _playing(replay: Replay) -> type[AnyMethod]:
    class Play(AnyMethod):
        def serve(self, body: bytes) -> None:
            answer = replay.answer(request_of(self.command, self.path, self.headers, body))
            if answer is None:
                self.close_connection = True  # as it was when recorded
                return
            headers = [
                (name, each)
                for name, value in answer.get("headers", {}).items()
                if name.lower() not in _COMPUTED
                for each in (value if isinstance(value, list) else [value])
            ]
            self.reply(answer["status"], headers, body_of(answer))

    return Play
