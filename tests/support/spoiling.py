"""Spoils one call to an Xtream panel in each way in which a call can fail; the others reach it over a real socket."""

import re
from urllib.parse import parse_qs, urlencode

import httpx

WRONG_TYPES = b'{"status": ["STATUS_SUCCESS"], "result": {"yes": 1}, "data": 7, "user_info": "anna"}'
FAULTS = {
    "timeout, not done": (False, lambda body: httpx.ReadTimeout("nothing came")),
    "timeout, done": (True, lambda body: httpx.ReadTimeout("nothing came")),
    "reset": (False, lambda body: httpx.ReadError("reset")),
    "5xx, not done": (False, lambda body: httpx.Response(502, text="<html>")),
    "5xx, done": (True, lambda body: httpx.Response(504, text="<html>")),
    "empty": (True, lambda body: httpx.Response(200)),
    "HTML": (True, lambda body: httpx.Response(200, text="<html>the panel is being looked after</html>")),
    "truncated": (True, lambda body: httpx.Response(200, content=body[: len(body) // 2])),
    "wrong types": (True, lambda body: httpx.Response(200, content=WRONG_TYPES)),
}
"""The columns of docs/fault-matrix.md: whether the panel does the call, and what is answered instead of its answer."""

_FAILURE = b'{"status": "STATUS_FAILURE"}'
FAILURES = {
    "STATUS_FAILURE, not done": (False, lambda body: httpx.Response(200, content=_FAILURE)),
    "STATUS_FAILURE, done": (True, lambda body: httpx.Response(200, content=_FAILURE)),
}
"""A word of the panel's own that says too little: no such account, its database, or saved and stumbled after it."""


class Spoiling(httpx.BaseTransport):
    """Spoils the call `name` (`create_line`, `user.info`) once, after `skip` of its kind that go well. Players call
    `player_api.php`.

    `ignores` is a call and a field that this build of the panel does not look at.
    """

    def __init__(self, name, fault, skip=0, ignores=("", "")):
        self._name, (self._acts, self._answer), self._skip = name, (FAULTS | FAILURES)[fault], skip
        self._ignores = ignores
        self.struck = False
        self._onward = httpx.HTTPTransport()

    def handle_request(self, request):
        body = request.read().decode()
        called = ".".join(re.findall(r"(?:^|[?&])(?:action|sub)=(\w+)", f"{request.url.query.decode()}&{body}"))
        called = called or request.url.path.rpartition("/")[2]  # players ask without an action
        if called == self._ignores[0]:
            request = _without(request, body, self._ignores[1])
        if called != self._name or self.struck or self._skipped():
            return self._onward.handle_request(request)
        self.struck = True
        answer = self._answer(self._onward.handle_request(request).read() if self._acts else b"")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _skipped(self):
        self._skip -= 1
        return self._skip >= 0

    def close(self):
        self._onward.close()


def _without(request, body, field):
    form = parse_qs(body, keep_blank_values=True)
    form.pop(field, None)
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    content = urlencode(form, doseq=True).encode()
    return httpx.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)
