"""REST v1 of one portal: form bodies, Basic auth, and no URL that could mean "everybody" by accident."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from billhead.plugin import PanelConnection, PanelRejected, PanelUnreachable
from billhead_stalker.answers import Missing, results_of, unsure
from billhead_stalker.identifiers import OneBox, Somebody, same
from billhead_stalker.settings import StalkerSettings

Record = dict[str, Any]
Form = Mapping[str, str | list[str]]

_LISTING_PATIENCE = 10  # a list of all accounts takes the portal several queries per account
_LIST_BEGINS = re.compile(r'\s*\{\s*"status"\s*:\s*"OK"\s*,\s*"results"\s*:\s*\[\s*')
_BETWEEN = re.compile(r"\s*(,|\])\s*")
_MESSAGE_LIVES = 7 * 86_400


class Portal:
    """The calls that this module makes. All errors are those of `answers`."""

    def __init__(self, panel: PanelConnection) -> None:
        self.panel = panel
        self.code = panel.code
        self.settings: StalkerSettings = panel.settings
        self.http = panel.http

    def accounts(self, identifier: str) -> list[Record]:
        """The records of an account number or of a MAC with colons; [] is the portal's proof that there is none."""
        try:
            results = self._read("accounts", Somebody(identifier))
        except Missing:
            return []
        records = _records(results)
        key = "stb_mac" if ":" in identifier else "account_number"
        if not all(same(str(record.get(key) or ""), identifier) for record in records):
            unsure(f"answered with other accounts than {identifier}", wrote=False)
        return records

    def user(self, login: str) -> Record | None:
        try:
            record = self._read("users", Somebody(login))
        except Missing:
            return None
        if not isinstance(record, dict) or not same(str(record.get("login") or ""), login):
            unsure(f"answered with something other than the account {login}", wrote=False)
        return record

    def create(self, form: Form) -> None:
        """The one write without an identifier: POST makes an account, and changes none."""
        _done(self._write("POST", "accounts", None, form))

    def update(self, resource: str, identifier: str, form: Form) -> None:
        """Change all records of `accounts/NUMBER`, `accounts/MAC` or `users/LOGIN`: look first that there is one."""
        _done(self._write("PUT", resource, Somebody(identifier), form))

    def delete(self, resource: str, identifier: str) -> None:
        """Delete all records of that identifier; Missing if there is none."""
        _done(self._write("DELETE", resource, Somebody(identifier), {}))

    def subscribe(self, identifier: str, add: Iterable[str], drop: Iterable[str]) -> None:
        """Add and remove just these packages. "false" says that nothing changed; reading back tells what is so."""
        form = {"subscribed[]": sorted(add), "unsubscribed[]": sorted(drop)}
        wanted = {name: packages for name, packages in form.items() if packages}
        if not isinstance(self._write("PUT", "account_subscription", OneBox(identifier), wanted), bool):
            unsure("said of packages something else than true or false", wrote=True)

    def end_sessions(self, number: str, *, forget_box: bool = False) -> None:
        """Make the box authorise again; `forget_box` also clears MAC and device ids."""
        _done(self._write("PUT", "stb_auth", OneBox(number), {"reset_device_id": "1"} if forget_box else {}))

    def show_message(self, number: str, html: str, video: str = "") -> None:
        """Put a message on the screen, with the address of a video it may play; it waits a week for the box. Twice is
        two messages: never repeated blindly."""
        message = {"msg": html, "ttl": str(_MESSAGE_LIVES)}
        if video:
            self.send_event(number, "send_msg_with_video", **message, video=video)
        else:
            _done(self._write("POST", "stb_msg", OneBox(number), message))

    def send_event(self, number: str, event: str, **more: str) -> None:
        """An event for the box, which it finds when it asks next. A command is lost after some four minutes."""
        _done(self._write("POST", "send_event", OneBox(number), {"event": event, **more}))

    def tariffs(self) -> list[Record]:
        return _records(self._read("tariffs"))

    def every_account(self) -> Iterator[Record]:
        """All accounts, one at a time: a portal of 100,000 accounts answers with some 33 MB."""
        return self._everybody("accounts")

    def every_box(self) -> Iterator[Record]:
        """The same accounts as boxes: `ls`, `login`, `mac`, `online`, `ip`, `version`, `last_active`. Of one query on
        the portal, where the list of accounts takes it several for each."""
        return self._everybody("stb")

    def _everybody(self, resource: str) -> Iterator[Record]:
        url = self._url(resource, None)
        response = self.http.read(url, **self._options(self.settings.timeout_seconds * _LISTING_PATIENCE))
        text = response.text
        begins = _LIST_BEGINS.match(text) if response.status == 200 else None
        if begins is None:
            yield from _records(results_of(response, wrote=False))
        else:
            yield from _one_by_one(text, begins.end())

    def _url(self, resource: str, whom: Somebody | None) -> str:
        """Without `whom` only for what is no account's: lists that are read, and POST accounts, which makes one."""
        return f"{self.settings.root}/api/{resource}/{quote(whom.text, safe=':@') if whom else ''}"

    def _options(self, timeout: int) -> dict[str, Any]:
        return {"auth": (self.settings.login, self.settings.password), "timeout": timeout}

    def _read(self, resource: str, whom: Somebody | None = None) -> Any:
        response = self.http.read(self._url(resource, whom), **self._options(self.settings.timeout_seconds))
        return results_of(response, wrote=False)

    def _write(self, method: str, resource: str, whom: Somebody | None, form: Form) -> Any:
        if whom is None and (method, resource) != ("POST", "accounts"):
            raise ValueError(f"{method} {resource} without an identifier would act on everybody")
        url = self._url(resource, whom)
        response = self.http.write(method, url, data=form, **self._options(self.settings.timeout_seconds))
        return results_of(response, wrote=True, hide=str(form.get("password", "")))


def _done(results: Any) -> None:
    if results is None or results is False:
        raise PanelRejected("The portal answered OK but did nothing")
    if results is not True:
        unsure("confirmed with something else than true", wrote=True)


def _records(results: Any) -> list[Record]:
    if not isinstance(results, list) or not all(isinstance(record, dict) for record in results):
        unsure("answered OK without a list", wrote=False)
    return results


def _one_by_one(text: str, at: int) -> Iterator[Record]:
    """The objects of a list that begins before `at`. A list that breaks off is an error, never a short list."""
    read = json.JSONDecoder().raw_decode
    try:
        while text[at] != "]":
            record, at = read(text, at)
            between = _BETWEEN.match(text, at)
            if between is None or not isinstance(record, dict):
                raise ValueError(f"at {at}: not a list of objects")
            yield record
            if between[1] == "]":
                at = between.start(1)
                break
            at = between.end()
        json.loads('{"results": [' + text[at:])
    except (ValueError, IndexError, RecursionError) as error:
        raise PanelUnreachable(
            "The portal's list of accounts breaks off in the middle; nothing is concluded"
        ) from error
