"""People read the last day. What is kept is half-open, so no page, mail or paper says such a field as it is."""

import re

from source_tree import ROOT

WEB = ROOT / "core" / "billhead" / "web"
ACTIONS = ROOT / "core" / "billhead" / "actions"
_FIELDS = (
    "billed_through", "end", "ends_on", "expires_on", "paid_through", "period_end", "phase_ends_on", "season_ends_on",
    "service_ends_on", "valid_until",
)  # fmt: skip
_ENDS = rf"(?:\w+\.)+(?:{'|'.join(_FIELDS)})\b"
_SAID = re.compile(
    rf"\bday(?:_in_words)?\((?:date\.fromisoformat\()?{_ENDS}(?!\)? - timedelta)"
    r"|\bon\(\w+\([^)]*\), \"(?:paid|billed)_through\""
)
_TOLD = re.compile(rf"\"\w+\": {_ENDS}(?: if [^,\n]+)?[,}}\n]|\b(?:long_)?day\({_ENDS}\)")
SAYS_SO = {
    "templates/admin/coupon.html": "until before that day, it says",
    "admin/subscriptions.py": "the first day without service, it says",
}


def said_as_kept(source):
    return [found[0] for found in _SAID.finditer(source)]


def test_no_page_says_the_first_day_after_as_if_it_were_the_last():
    pages = [*WEB.rglob("*.html"), *WEB.rglob("*.py"), *(ROOT / "themes").rglob("*.html")]
    pages = [path for path in pages if not path.parent.name.startswith("api_")]  # programs get what is kept
    found = {str(path.relative_to(WEB)) if WEB in path.parents else str(path): said_as_kept(path.read_text("utf-8"))
             for path in pages}  # fmt: skip
    found = {path: said for path, said in found.items() if said}
    assert {path: said for path, said in found.items() if path not in SAYS_SO} == {}
    assert found.keys() == SAYS_SO.keys(), "an exception that is none any more"


def test_no_mail_and_no_paper_does():
    """Facts of notices, and what documents, receipts and statements say."""
    sources = [*(ACTIONS / "notifications").glob("*.py"), *(ACTIONS / "documents").rglob("*.py")]
    found = {path.name: _TOLD.findall(path.read_text("utf-8")) for path in sources}
    assert {name: said for name, said in found.items() if said} == {}


def test_such_a_mail_is_found():
    assert _TOLD.search('told = {"ends_on": subscription.service_ends_on}')
    assert _TOLD.search("words.day(line.period_end)")
    assert not _TOLD.search('{"ends_on": _last_day(subscription.service_ends_on), "from": row.starts_on}')
    assert not _TOLD.search("words.period(line.period_start, line.period_end)")


def test_such_a_page_is_found():
    assert said_as_kept("{{ day(subscription.paid_through) }}")
    assert said_as_kept("day_in_words(date.fromisoformat(done.ends_on))")
    assert said_as_kept('on(marked("Paid to"), "paid_through")')
    assert not said_as_kept("{{ day(last_day(subscription.paid_through)) }} {{ day(one.starts_on) }}")
    assert not said_as_kept("day_in_words(planned.ends_on - timedelta(days=1))")
