"""Odd values where a number, a day or a word is expected: in addresses, in forms, and in what programs send."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from page_forms import PageForm, forms
from peopled import World
from sqlalchemy import BigInteger, cast, func, select
from written_over import WRITTEN, made_of

from billhead.db import reading
from billhead.domain.ledger import AccountCode
from billhead.models.ledger import LedgerAccount, LedgerPosting

pytestmark = pytest.mark.xdist_group("peopled")

ODD = ("9" * 40, "0001-01-01", "9999-12-31", WRITTEN)
WHO = ("nobody", "ada", "aurora", "staff", "till")


@pytest.fixture
def noted(world: World, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that have been looked up among those of an address or a form."""
    found: set[str] = set()
    kind = world.shop.app.request_class.parameter_storage_class

    class Noting(kind):
        def __getitem__(self, name):
            found.add(name)
            return super().__getitem__(name)

        def getlist(self, name, type=None):
            found.add(name)
            return super().getlist(name, type)

    monkeypatch.setattr(world.shop.app.request_class, "parameter_storage_class", Noting)
    return found


def test_whatever_an_address_asks_for_breaks_no_page_and_stays_text(world: World, noted: set[str]):
    """Each page is opened plainly, and then with each name that it has looked up, as the first who makes it look."""
    faults, asked = [], set()
    for who, rule in ((one, rule) for one in WHO for rule in world.routes(one)):
        path, person = world.path(who, rule), world.people[who]
        noted.clear()
        person.open("GET", path)
        names = {(rule.rule, name) for name in noted} - asked
        asked |= names
        each = [{name: odd} for _, name in sorted(names) for odd in ODD]
        for told in [*each, *(dict.fromkeys(noted, odd) for odd in ("-1", "NaN") if names)]:
            answer = person.open("GET", path, query_string=told)
            if answer.status_code >= 500:
                faults.append(f"{path} {told} as {who}: {answer.status_code}")
            if answer.mimetype == "text/html" and WRITTEN in told.values():
                faults += [f"{path} {told} as {who}: {fault}" for fault in made_of(answer.text)]
    assert faults == []
    assert len(asked) > 100


NUMBERS = ("-100", "NaN", "1e9", "9" * 18, "9" * 40)
DAYS = ("0001-01-01", "9999-12-31")
IN_FIGURES = ("number", "decimal", "numeric")
CREDIT = tuple(code for code in AccountCode if code.value.startswith("credit"))


def test_odd_numbers_and_days_in_forms_break_nothing_and_mint_no_credit(world: World):
    faults, asked = [], 0
    for who in ("ada", "aurora", "staff"):
        before = _credit(world)
        for form in forms(world, who):
            for told in _odd_ones(form):
                asked += 1
                answer = form.send({**form.fields, **told, "_key": uuid4().hex})
                if answer.status_code >= 500:
                    faults.append(f"{form.action} as {who}: {told}: {answer.status_code}")
        if who != "staff":
            assert _credit(world) == before, f"{who} has made credit of odd numbers"
    assert faults == []
    assert asked > 1000


def _odd_ones(form: PageForm) -> Iterator[dict[str, str]]:
    """Each field for a number or a day by itself, and all for any words together."""
    words = [name for name, kind in form.typed.items() if kind not in IN_FIGURES and "date" not in kind]
    for name, kind in form.typed.items():
        if name not in words:
            for odd in NUMBERS if kind in IN_FIGURES else DAYS:
                yield {name: f"{odd}T23:59" if kind == "datetime-local" else odd}
    for odd in NUMBERS if words else ():
        yield dict.fromkeys(words, odd)


def _credit(world: World) -> list[tuple[str, int]]:
    """What customers and resellers own, and what of it was ever given out."""
    sums = select(LedgerAccount.code, cast(func.sum(LedgerPosting.signed()), BigInteger))
    of_accounts = sums.join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
    kinds = of_accounts.where(LedgerAccount.code.in_(CREDIT)).group_by(LedgerAccount.code).order_by(LedgerAccount.code)
    with world.shop.app.app_context(), reading() as session:
        return [(str(code), minor) for code, minor in session.execute(kinds)]
