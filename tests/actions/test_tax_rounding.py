"""How a seller rounds tax is changed in the middle of a year: what was issued or offered stays, what comes is new."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.documents.issue_credit_note import issue_credit_note
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.sellers._billing_rules import BillingRules, rules_of
from billhead.actions.sellers.set_billing_rules import set_billing_rules
from billhead.actions.subscriptions.start import AddOnOrder, Order, start_subscription
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.models.sellers import Seller
from billhead.reports import ask, report_of, tabled

NOV, DEC = date(2026, 11, 1), date(2026, 12, 1)
OTHER = {"per_line": "per_rate_keep_net", "per_rate_keep_net": "per_line", "per_rate_keep_gross": "per_line"}


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path) as shop, at(NOV):
        yield shop


def at(day):
    return clock.business_time(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def act(action, *args, **more):
    with writing(SYSTEM) as tx:
        return action(tx, *args, **more)


def rounded(shop, mode):
    act(set_billing_rules, shop.seller_id, BillingRules(tax_rounding=mode))


def sums(shop, document_id):
    paper = shop.get(Document, document_id)
    return paper.net_minor, paper.tax_minor


def tax_report():
    found = report_of("tax")
    with reading() as session:
        return tabled(
            session, found, ask(session, found.report, {"by": "all", "from": "2026-11-01"}, date(2026, 12, 31))
        )


@pytest.mark.parametrize(
    ("mode", "inclusive", "before", "after"),
    [
        # 3 × 0.83 at 20 %: line by line 3 × 0.17; on the sum 2.49 × 0.2 = 0.498
        ("per_line", False, (249, 50), (249, 51)),
        ("per_rate_keep_net", False, (249, 51), (249, 50)),
        # 3 × 0.99 with tax: line by line 3 × 0.17 (0.99 ÷ 6 = 0.165); out of the sum 2.97 ÷ 6 = 0.495
        ("per_rate_keep_gross", True, (246, 51), (247, 50)),
    ],
)
def test_from_the_next_document_on_and_every_report_ties(shop, mode, inclusive, before, after):
    minor = 99 if inclusive else 83
    tv = shop.plan("tv", minor, tax_inclusive=inclusive)
    extras = [
        shop.plan(code, minor, kind="bouquet", details={"plans": ["tv"]}, tax_inclusive=inclusive) for code in "ab"
    ]
    rounded(shop, OTHER[mode])
    shop.subscribe(shop.customer(), tv, *extras, due=NOV)
    shop.run(NOV)
    (issued,) = shop.all(Document)
    order = Order(shop.customer(), "tv", "1 month", (AddOnOrder("a"), AddOnOrder("b")))
    offered = act(start_subscription, order).document_id
    assert sums(shop, issued.id) == sums(shop, offered) == before

    rounded(shop, mode)
    assert sums(shop, issued.id) == sums(shop, offered) == before
    settled = act(settle_proforma, offered)
    assert sums(shop, settled) == before  # what was paid is what it said
    with at(DEC):
        shop.run(DEC)
        newest = [one.id for one in shop.all(Document, Document.kind == "invoice") if one.issued_on == DEC]
        assert [sums(shop, one) for one in newest] == [after]
        returned = act(issue_credit_note, newest[0], reason="outage").credit_note_id
        assert sums(shop, returned) == after
        table = tax_report()
    # two documents by the old way, one by the new that was given back
    assert [(net.minor, tax.minor) for *_, net, tax in table.rows] == [(2 * before[0], 2 * before[1])]
    assert [tie.difference.minor for tie in table.ties] == [0]
    with reading() as session:
        assert not verify_ledger(session).faults
    assert verify_billing().differing == 0


def test_it_is_in_the_trail_and_only_what_there_is(shop):
    rounded(shop, "per_rate_keep_net")
    (entry,) = shop.all(AuditEntry, AuditEntry.action == "sellers.set_billing_rules")
    assert (entry.details["before"]["tax_rounding"], entry.details["after"]["tax_rounding"]) == (
        "per_line", "per_rate_keep_net",
    )  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        rounded(shop, "per_document")
    assert refused.value.why == "'per_document' is not one of per_line, per_rate_keep_net, per_rate_keep_gross"


def test_a_fiscal_year_that_has_numbers_ends_as_it_began(shop):
    def begins_in(month):
        act(set_billing_rules, shop.seller_id, BillingRules(fiscal_year_start_month=month))
        return rules_of(shop.get(Seller, shop.seller_id)).fiscal_year_start_month

    with pytest.raises(InvalidInput):
        begins_in(13)
    with at(date(2027, 2, 1)):
        assert begins_in(4) == 4  # nothing has a number yet
        assert begins_in(1) == 1
        shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=date(2027, 2, 1))
        shop.run(date(2027, 2, 1))
        with pytest.raises(Conflict):
            begins_in(4)  # February 2027 would lie in 2026
    with at(date(2027, 5, 1)):
        assert begins_in(4) == 4
        shop.run(date(2027, 5, 1))
    assert [one.number_text for one in shop.all(Document)] == ["2027-000001", "2027-000002"]
