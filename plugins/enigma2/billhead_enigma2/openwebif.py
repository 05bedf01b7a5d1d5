"""What a box on the bench is asked: OpenWebif, the web interface of most Enigma2 images, and its bouquet editor.

It answers 200 to nearly everything: that it refused stands in the body, `{"Result": [false, "why"]}` of the bouquet
editor and `{"result": false, "message": "why"}` elsewhere. What is a read here changes nothing on the box.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from billhead.plugin import HttpClient, HttpResponse, InvalidInput, PanelOutcomeUnknown, PanelRejected, PanelUnreachable

__all__ = ["Bouquet", "OpenWebif", "address_of"]

ROOT = '1:7:1:0:0:0:0:0:0:0:FROM BOUQUET "bouquets.tv" ORDER BY bouquet'
_FILE = re.compile(r'FROM BOUQUET "([^"/]+)"')
_LARGEST = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bouquet:
    reference: str
    name: str
    position: int

    @property
    def file(self) -> str:
        found = _FILE.search(self.reference)
        return found[1] if found else ""


def address_of(box: str) -> str:
    """The box's web address from what was typed: 192.168.1.20, box:8080, https://box. Raises InvalidInput."""
    url = box if "://" in box else f"http://{box}"
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not url.isprintable() or " " in url:
        raise InvalidInput("box", f"{box!r} is not the address of a box")
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("box", "the address holds a login", hint="Give the user with --user; the password is asked.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InvalidInput("box", "the address goes on after the box's name and port")
    return f"{parts.scheme}://{parts.netloc}"


class OpenWebif:
    """Raises PanelUnreachable (nothing was done), PanelOutcomeUnknown (perhaps done) or PanelRejected (the box said
    no)."""

    def __init__(self, url: str, user: str = "", password: str = "", timeout_seconds: int = 20) -> None:
        self._url = url
        auth = (user, password) if user else None
        self._http = HttpClient("the box", timeout_seconds=timeout_seconds, auth=auth, largest=_LARGEST)

    def close(self) -> None:
        self._http.close()

    def model(self) -> str:
        """What the box says that it is."""
        info = self._read("api/about", {}).get("info")
        if not isinstance(info, dict):
            raise PanelUnreachable("the box does not say what it is: is it an OpenWebif?")
        told = (info.get("brand"), info.get("model"))
        return " ".join(word for word in told if isinstance(word, str) and word.isprintable())[:80] or "a box"

    def bouquets(self) -> list[Bouquet]:
        return [
            Bouquet(row["servicereference"], str(row.get("servicename") or ""), position)
            for position, row in enumerate(self._services(ROOT))
        ]

    def channels(self, bouquet: Bouquet) -> int:
        """How many channels are in it, without its markers."""
        return sum(1 for row in self._services(bouquet.reference) if str(row.get("ismarker", "0")) == "0")

    def add_bouquet(self, name: str) -> None:
        self._edit("addbouquet", name=name, mode="0")

    def add_channel(self, bouquet: Bouquet, reference: str, name: str) -> None:
        self._edit("addservicetobouquet", sBouquetRef=bouquet.reference, sRef=reference, Name=name)

    def add_marker(self, bouquet: Bouquet, name: str) -> None:
        self._edit("addmarkertobouquet", sBouquetRef=bouquet.reference, Name=name)

    def rename(self, bouquet: Bouquet, name: str) -> None:
        self._edit("renameservice", sRef=bouquet.reference, newName=name, mode="0")

    def move(self, bouquet: Bouquet, position: int) -> None:
        self._edit("movebouquet", sBouquetRef=bouquet.reference, mode="0", position=str(position))

    def remove(self, bouquet: Bouquet) -> None:
        self._edit("removebouquet", sBouquetRef=bouquet.reference, mode="0")

    def reload(self) -> None:
        """Bouquets alone: the other modes make old images forget all channels first."""
        answer = self._http.write("POST", f"{self._url}/api/servicelistreload", data={"mode": "2"})
        told = _object(answer, PanelOutcomeUnknown)
        if told.get("result") is not True:
            raise PanelRejected(f"the box did not read its lists again: {_why(told.get('message'))}")

    def _services(self, reference: str) -> list[dict[str, Any]]:
        rows = self._read("bouqueteditor/api/getservices", {"sRef": reference}).get("services")
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and isinstance(row.get("servicereference"), str) for row in rows
        ):
            raise PanelUnreachable("the box answered with no list of services")
        return rows

    def _read(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        return _object(self._http.read(f"{self._url}/{path}", params=params), PanelUnreachable)

    def _edit(self, command: str, **fields: str) -> None:
        """In the body, not in the address: the box may log addresses, and these hold the line's access."""
        answer = self._http.write("POST", f"{self._url}/bouqueteditor/api/{command}", data=fields)
        result = _object(answer, PanelOutcomeUnknown).get("Result")
        if not isinstance(result, list) or not result or not isinstance(result[0], bool):
            raise PanelOutcomeUnknown(f"the box did not say whether it did {command}")
        if not result[0]:
            raise PanelRejected(f"the box refused {command}: {_why(result[1] if len(result) > 1 else '')}")


def _object(answer: HttpResponse, unclear: type[PanelUnreachable] | type[PanelOutcomeUnknown]) -> dict[str, Any]:
    if answer.status in (401, 403):
        raise PanelRejected("the box refused the login", hint="Give its user with --user, and its password.")
    if answer.status == 404:
        raise PanelRejected("the box has no such page: its OpenWebif is too old, or this is another server")
    if answer.status != 200:
        raise unclear(f"the box answered {answer.status}")
    if answer.body.lstrip()[:1] == b"<":
        raise PanelRejected("a page answered and no OpenWebif: is this the address of the box?")
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise unclear("the box's answer can't be read")
    return told


def _why(said: Any) -> str:
    """One line of the box's words. They may quote what was sent: an address of a channel is left out."""
    text = " ".join(word for word in str(said or "").split() if "://" not in word and "%3a//" not in word.lower())
    return "".join(sign for sign in text if sign.isprintable())[:200] or "no reason given"
