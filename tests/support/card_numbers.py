"""No card number stands where it does not belong: what every test leaves behind is read for one.

Read are every row of the SQLite database that a test had (stored callbacks, jobs, mails and events among them), the
mails that it sent, and all that was logged or printed. A number counts if it has a length and a prefix of the card
networks and its check digit holds; the cards that processors publish for testing are such. The same tests run on
PostgreSQL with the same code, so that one of the two databases is enough.

What may show a card number is in ALLOWED, each with its reason.
"""

import re
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

__all__ = ["ALLOWED", "card_numbers_in", "found_in_files"]

_RUN = re.compile(
    rb"(?<![0-9A-Za-z_.+/\-])"
    rb"(?:[0-9]{14,19}|[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -]?[0-9]{3})?|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5})"
    rb"(?![0-9A-Za-z_.+/\-])"
)
_NETWORKS = re.compile(
    rb"4[0-9]{15}(?:[0-9]{3})?|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    rb"|3[47][0-9]{13}|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35[2-8][0-9]{13}"
)
_SHORTEST = 14
_NOT_TEXT = re.compile(rb"=\r?\n|={15}[0-9]+==")  # of a mail: where a long line is broken, and the ends of its parts

ALLOWED: dict[str, str] = {
    "test_sandbox_cards.py": "the sandbox's own pay page is what takes test cards; its tests type them into it",
    "test_card_numbers.py": "the test of this scan",
}


def card_numbers_in(data: bytes) -> Iterator[str]:
    """What looks like the number of a card, its middle hidden: a report must not tell it on."""
    for run in _RUN.finditer(data):
        digits = re.sub(rb"[ -]", b"", run.group())
        if _NETWORKS.fullmatch(digits) and _check_digit_holds(digits):
            yield f"{digits[:6].decode()}…{digits[-4:].decode()}"


def _check_digit_holds(digits: bytes) -> bool:
    """Luhn."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = (digit - 48) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def found_in_files(folder: Path) -> list[str]:
    """where: number, of what a test has left in its folder."""
    found = [f"{file.name}, {one}" for file in folder.rglob("*.sqlite3") for one in _in_database(file)]
    for file in folder.rglob("*.eml"):
        mail = _NOT_TEXT.sub(b"", file.read_bytes())
        found += [f"{file.name}: {number}" for number in card_numbers_in(mail)]
    return found


def _in_database(file: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, str | bytes) and len(value) >= _SHORTEST:
                        data = value.encode() if isinstance(value, str) else value
                        yield from (f"{table}: {number}" for number in card_numbers_in(data))


def _said(sections: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name}: {number}" for name, text in sections for number in card_numbers_in(text.encode())]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when != "call" or item.path.name in ALLOWED:
        return report
    found = _said(report.sections)
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if isinstance(folder, Path):
        found += found_in_files(folder)
    if found and report.outcome == "passed":
        report.outcome = "failed"
        report.longrepr = "a card number was left behind (docs/pci.md):\n" + "\n".join(sorted(set(found)))
    return report
