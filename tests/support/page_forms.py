"""The forms of a page, filled in as somebody would who has read it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import html
from peopled import Person, World
from werkzeug.test import TestResponse

__all__ = ["ENDS_THE_WALK", "PageForm", "forms"]

ENDS_THE_WALK = re.compile(r"sign-out|/security/|/plugins/|/switches/|/simulations|/backups|/language$")
"""What would end the session, or change the process and not the database."""

_TYPED = {
    "email": "new@example.com", "number": "1", "decimal": "1", "numeric": "1", "date": "2026-12-24",
    "tel": "+358401234567", "url": "https://example.com/", "time": "10:00", "color": "#224466",
    "datetime-local": "2026-12-24T10:00", "month": "2026-12",
}  # fmt: skip
_BUTTONS = ("submit", "button", "image", "reset")


@dataclass(frozen=True)
class PageForm:
    """`fields`: what a browser would send; `names`: of all that it has; `typed`: those that are typed in, and of what
    kind; `files`."""

    person: Person
    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    button: str = ""

    def send(self, fields: dict[str, Any]) -> TestResponse:
        return self.person.open("POST", self.path, data=fields)

    @property
    def path(self) -> str:
        return self.action.removeprefix(self.person.before)


def forms(world: World, who: str) -> list[PageForm]:
    """On every page that somebody may open, each once. They are read once: what a test does is undone, and a token
    stays good."""
    if who not in world.forms:
        found: dict[tuple[str, ...], PageForm] = {}
        for form in _read(world, who):
            found.setdefault((form.action, form.button, *form.names), form)
        world.forms[who] = list(found.values())
    return world.forms[who]


def _read(world: World, who: str) -> Iterator[PageForm]:
    person = world.people[who]
    for rule in world.routes(who):
        if ENDS_THE_WALK.search(rule.rule):
            continue
        path = world.path(who, rule)
        page = person.open("GET", path)
        if page.status_code == 200 and page.mimetype == "text/html" and page.text:
            yield from (form for form in _of_page(person, page.text, path) if not ENDS_THE_WALK.search(form.action))


def _of_page(person: Person, text: str, path: str) -> Iterator[PageForm]:
    """Those that are sent by POST; one for each button that has a name of its own."""
    for found in html.fromstring(text).forms:
        if found.method != "POST":
            continue
        form, buttons = PageForm(person, found.get("action") or path), []
        for one in found.xpath(".//input[@name] | .//select[@name] | .//textarea[@name] | .//button[@name]"):
            form.names.append(one.get("name"))
            kind = one.get("type", "submit" if one.tag == "button" else "text")
            if kind in _BUTTONS:
                buttons.append((one.get("name"), one.get("value") or ""))
            elif one.get("disabled") is None:
                _fill(form, one, kind)
        for name, value in buttons or [("", "")]:
            yield replace(form, fields={**form.fields, **({name: [value]} if name else {})}, button=name)


def _fill(form: PageForm, one: html.HtmlElement, kind: str) -> None:
    name = one.get("name")
    if kind == "file":
        form.files.append(name)
    elif one.tag == "select":
        values = [(option.get("value", option.text) or "", option.get("selected")) for option in one.iter("option")]
        chosen = [value for value, selected in values if selected is not None]
        form.fields[name] = chosen or [value for value, _ in values if value][:1]
    elif kind in ("radio", "checkbox"):
        is_first = name not in form.fields and (kind == "radio" or one.get("required") is not None)
        if one.get("checked") is not None or is_first:
            kept = form.fields.get(name, []) if kind == "checkbox" else []
            form.fields[name] = [*kept, one.get("value") or "on"]
    elif kind == "hidden":
        form.fields.setdefault(name, []).append(one.get("value") or "")
    else:
        value = (one.text or "").strip("\n") if one.tag == "textarea" else one.get("value")
        form.typed[name] = kind = one.get("inputmode", kind)
        form.fields[name] = [value or _TYPED.get(kind, "") or one.get("min") or "Some words"]
