"""An operator knows a rate better than the plugin: entered, charged from its day on, given back as it was, dropped."""

import json
from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner
from vat_shop import open_vat_shop

from billhead import clock
from billhead.db import reading
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.plugin import InvalidInput, current_host
from billhead.plugin_host import plugins
from billhead_eu_vat.rates import OwnRate, Rates, checked, read_percent
from billhead_eu_vat.store import own_rates


def test_the_later_day_counts_and_a_class_goes_before_the_standard():
    rates = Rates(
        [
            OwnRate("FR", date(2026, 1, 1), 100_000, "tv"), OwnRate("FR", date(2027, 1, 1), None, "tv"),
            OwnRate("FI", date(2024, 1, 1), 111_000), OwnRate("DE", date(2021, 1, 1), 180_000),
        ]
    )  # fmt: skip
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))
    assert [rates.on("FR", "tv", day) for day in days] == [200_000, 100_000, 100_000, 200_000]
    assert rates.on("FR", "hardware", date(2026, 6, 1)) == 200_000
    # what a release brings for a later day still comes
    assert [rates.on("FI", "tv", date(2024, month, 1)) for month in (8, 9)] == [111_000, 255_000]
    assert rates.on("DE", "tv", date(2026, 1, 1)) == 180_000, "of one day the operator's counts"
    with pytest.raises(InvalidInput, match="not known for 2015-12-31"):
        rates.on("FR", "tv", date(2015, 12, 31))


@pytest.mark.parametrize(
    ("rate", "field"),
    [
        (OwnRate("US", date(2026, 1, 1), 1), "place"), (OwnRate("FR", date(2026, 1, 1), None), "rate"),
        (OwnRate("FR", date(2026, 1, 1), 1_000_000), "rate"), (OwnRate("FR", date(2015, 1, 1), 1), "since"),
        (OwnRate("FR", date(2026, 1, 1), 1, "TV!"), "tax_class"),
    ],
)  # fmt: skip
def test_a_row_that_makes_no_sense_is_refused(rate, field):
    with pytest.raises(InvalidInput) as refused:
        checked(rate)
    assert refused.value.field == field


def test_percent_as_it_is_typed():
    assert [read_percent(text) for text in ("25.5", " 10 % ", "0", "")] == [255_000, 100_000, 0, None]
    for wrong in ("ten", "NaN", "1.23456", "9e999999", "1e9", "1_0"):
        with pytest.raises(InvalidInput):
            read_percent(wrong)


def test_a_rate_is_charged_from_its_day_on_and_an_issued_document_keeps_its_own(sqlite_url, tmp_path):
    with open_vat_shop(sqlite_url, tmp_path) as vat:
        commands = {command.name: command for _, command in plugins().offers("cli_commands") if command.name}

        def run(name, *words):
            return CliRunner().invoke(commands[name], list(words))

        customer = vat.shop.customer(country="FR")
        plan = vat.shop.plan("tv", 1000)

        def tax_of(day):
            with clock.business_time(day), vat.shop.app.app_context():
                document = vat.order(customer, plan)
                with reading() as session:
                    return session.get_one(Document, document).tax_minor

        november, january = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2027, 1, 2, 12, tzinfo=UTC)
        assert tax_of(november) == 200  # 20 % of 10.00
        assert (
            run("set-vat-rate", "FR", "21", "--since", "2027-01-01").output
            == "FR                   21 %  from 2027-01-01\n"
        )
        assert run("set-vat-rate", "fr", "10", "--since", "2027-01-01", "--tax-class", "tv").exit_code == 0
        assert (tax_of(november), tax_of(january)) == (200, 100)
        assert run("set-vat-rate", "FR", "standard", "--since", "2027-01-02", "--tax-class", "tv").exit_code == 0
        assert tax_of(january) == 210
        told = json.loads(run("vat-rates", "--own", "--json").output)["rates"]
        assert [(one["tax_class"], one["rate_ppm"]) for one in told] == [("", 210_000), ("tv", 100_000), ("tv", None)]
        assert "(yours)" in run("vat-rates", "--place", "FR").output
        assert "has no rate of its own" in run("set-vat-rate", "US", "5", "--since", "2027-01-01").output
        for more in ([], ["--tax-class", "tv"]):
            assert run("forget-vat-rate", "FR", "--since", "2027-01-01", *more).exit_code == 0
        assert run("forget-vat-rate", "FR", "--since", "2027-01-01").exit_code == 1
        assert own_rates(current_host("eu_vat")) == [OwnRate("FR", date(2027, 1, 2), None, "tv")]
        trail = vat.shop.all(AuditEntry, AuditEntry.action == "eu_vat.set_rate")
        assert [(one.subject, one.details["before"], one.details["after"]) for one in trail][:2] == [
            ("eu_vat:FR", "20", "21"), ("eu_vat:FR", "21", "10"),
        ]  # fmt: skip
