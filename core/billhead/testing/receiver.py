"""A server that keeps what it is sent and answers what a test tells it to: for channels that speak HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from billhead.testing.local_server import AnyMethod, LocalServer

__all__ = ["Received", "Receiver", "receiving"]


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """`answer(request)` is (status, body); None hangs up without a word, after everything was read."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Received] = []
        self.answer: Callable[[Received], tuple[int, bytes] | None] = lambda _request: (200, b"{}")


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Answers(AnyMethod):
        def serve(self, body: bytes) -> None:
            request = Received(self.command, self.path, dict(self.headers.items()), body)
            receiver.requests.append(request)
            answer = receiver.answer(request)
            if answer is None:
                self.close_connection = True
                return
            self.reply(answer[0], [("Content-Type", "application/json")], answer[1])

    server = LocalServer(0, Answers)
    receiver.url = server.url
    server.begin()
    try:
        yield receiver
    finally:
        server.end()
