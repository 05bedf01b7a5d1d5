"""What somebody typed is still there when a form is refused: every form of every page, as each role.

No action succeeds here: whatever it is, it is refused at its end as by a rule of the business, so that nothing is done.
"""

from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest

from billhead.actions import verb
from billhead.domain.errors import Conflict
from billhead.testing.dressed_shop import PEOPLE, open_dressed_shop

WRITTEN = ("", "text", "search", "tel", "url", "textarea")
# done without an action that could be refused, or written in another way at once
LEFT = {
    "/sign-out": "has nothing to type",
    "/admin/payouts/new": "writes currencies in capitals",
    "/admin/plugins/bank_transfer/disable": "is switched by the host of the plugins",
    "/admin/dunning/policies/1/remove": "is allowed: nobody is in it",
}


class Forms(HTMLParser):
    """Each form that posts: where to, and its fields as (name, kind, value)."""

    def __init__(self, page):
        super().__init__()
        self.found, self.fields, self.chosen = [], None, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        told = {key: value or "" for key, value in attrs}
        name, kind, value = told.get("name", ""), told.get("type", ""), told.get("value", "")
        if tag == "form":
            self.fields = [] if told.get("method", "").lower() == "post" else None
            if self.fields is not None:
                self.found.append((told.get("action", ""), self.fields))
        elif self.fields is None:
            return
        elif tag == "select":
            self.chosen = (name, "select", "")
        elif tag == "option" and self.chosen and (not self.chosen[2] or "selected" in told):
            self.chosen = (self.chosen[0], "select", value)
        elif tag == "textarea" or (tag == "input" and (kind not in ("checkbox", "radio") or "checked" in told)):
            self.fields.append((name, "textarea" if tag == "textarea" else kind, value))
        elif tag == "button" and kind != "button":
            self.fields.append((name, "button", value))

    def handle_endtag(self, tag):
        if tag == "form":
            self.fields = None
        elif tag == "select" and self.chosen:
            if self.fields is not None:
                self.fields.append(self.chosen)
            self.chosen = None


def filled(fields, number):
    typed = {"number": number, "date": "2026-11-22", "email": "somebody@example.com", "password": "x"}
    sent = {}
    for name, kind, value in fields:
        if name and kind in WRITTEN:
            sent[name] = f"typed {name} here"
        elif name and name not in sent:
            sent[name] = value or typed.get(kind, "")
    return sent


@pytest.mark.parametrize("number", ["1", "-47"])
def test_what_was_typed_stays_in_a_form_that_is_refused(tmp_path, monkeypatch, number):
    lost, looked = [], set()
    with open_dressed_shop(tmp_path, "lounge") as shop:
        for email in ("", *PEOPLE):
            client = shop.visitor(email)
            pages = [(path, answer.text) for path, answer in shop._pages(client)]
            with monkeypatch.context() as patch:
                patch.setattr(verb, "audit", refused)
                for path, text in pages:
                    for action, fields in Forms(text).found:
                        where = urljoin(path, action)
                        written = [name for name, kind, _ in fields if name and kind in WRITTEN]
                        if not written or where in LEFT or (where, *written) in looked:
                            continue
                        looked.add((where, *written))
                        sent = filled(fields, number)
                        with client.post(where, data=sent) as answer:
                            body = unescape(answer.text)
                        gone = [name for name in written if sent[name] not in body]
                        lost += [f"{email or 'visitor'}, {where} ({answer.status_code}): {gone}"] if gone else []
    assert lost == []
    assert len(looked) > 90, "the walk has found the forms"


def refused(*_told):
    raise Conflict("refused, whatever it was")
