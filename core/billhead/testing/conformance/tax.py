"""What every tax engine must do: one answer per line, the same whenever and however it is asked, with a reason.

class TestAcmeTax(TaxConformance):
    @pytest.fixture
    def engine(self): return AcmeTax()
"""

import socket
from datetime import date
from itertools import product

import pytest

from billhead.plugin import LineTax, TaxedBuyer, TaxedSeller, TaxEngine, TaxLine, TaxRequest

__all__ = ["TaxConformance"]

_LINES = (TaxLine("tv", 999), TaxLine("tv", 0), TaxLine("tv", -250), TaxLine("hardware", 4900))
_BUYERS = (
    TaxedBuyer("DE"),
    TaxedBuyer("FR", evidence=(("billing", "FR"), ("ip", "FR"))),
    TaxedBuyer("AT", company=True, vat_id="ATU12345678", vat_id_state="valid"),
    TaxedBuyer("AT", company=True, vat_id="ATU00000000", vat_id_state="invalid"),
    TaxedBuyer("US", region="CA"),
    TaxedBuyer("DE", exempt_reason="embassy"),
    TaxedBuyer("KI"),
)
_SELLERS = (
    TaxedSeller("DE", "DE123456789", frozenset({("DE", "domestic"), ("EU", "oss")})),
    TaxedSeller("DE", "DE123456789", frozenset({("DE", "domestic")})),
    TaxedSeller("US"),
)
_WHOLE = 1_000_000


class TaxConformance:
    """Override the fixture `engine`; override `cases` to add requests of your own."""

    @pytest.fixture
    def engine(self) -> TaxEngine:
        raise NotImplementedError("override the fixture `engine`: return your TaxEngine")

    @pytest.fixture
    def cases(self) -> list[TaxRequest]:
        """Sellers × buyers × tax points."""
        days = (date(2026, 6, 30), date(2026, 7, 1))
        return [TaxRequest(seller, buyer, on, _LINES) for seller, buyer, on in product(_SELLERS, _BUYERS, days)]

    @pytest.fixture(autouse=True)
    def without_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(*_: object) -> None:
            raise AssertionError("a tax engine must not use the network: evidence is gathered before it is asked")

        monkeypatch.setattr(socket.socket, "connect", refused)

    def test_it_is_an_engine(self, engine: TaxEngine) -> None:
        assert isinstance(engine, TaxEngine)
        assert engine.code == engine.code.lower()
        assert engine.label

    def test_every_line_gets_one_answer(self, engine: TaxEngine, cases: list[TaxRequest]) -> None:
        answers = engine.assess(cases)
        assert [len(answer) for answer in answers] == [len(case.lines) for case in cases]
        assert all(isinstance(tax, LineTax) for answer in answers for tax in answer)

    def test_nothing_asked_is_nothing_answered(self, engine: TaxEngine, cases: list[TaxRequest]) -> None:
        assert list(engine.assess([])) == []
        empty = TaxRequest(cases[0].seller, cases[0].buyer, cases[0].on, ())
        assert [list(answer) for answer in engine.assess([empty])] == [[]]

    def test_the_same_question_has_the_same_answer(self, engine: TaxEngine, cases: list[TaxRequest]) -> None:
        assert _listed(engine, cases) == _listed(engine, cases)

    def test_a_batch_is_its_single_requests(self, engine: TaxEngine, cases: list[TaxRequest]) -> None:
        singles = [_listed(engine, [case])[0] for case in cases]
        assert _listed(engine, cases) == singles
        assert _listed(engine, cases[::-1]) == singles[::-1]

    def test_every_answer_says_where_and_why(self, engine: TaxEngine, cases: list[TaxRequest]) -> None:
        for case, answer in zip(cases, _listed(engine, cases), strict=True):
            for tax in answer:
                assert tax.jurisdiction, f"no jurisdiction for {case}"
                assert tax.reason, f"no reason for {case}: zero needs one too"

    def test_rates_are_whole_parts_per_million(self, engine: TaxEngine, cases: list[TaxRequest]) -> None:
        for answer in _listed(engine, cases):
            for tax in answer:
                assert type(tax.rate_ppm) is int, f"{tax} has a rate that is not an int"
                assert 0 <= tax.rate_ppm <= _WHOLE, f"{tax}: 19 % is 190000"


def _listed(engine: TaxEngine, cases: list[TaxRequest]) -> list[list[LineTax]]:
    return [list(answer) for answer in engine.assess(cases)]
