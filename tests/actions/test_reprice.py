"""New prices for many: what it would change, telling customers in time, taking it back before the day."""

from datetime import UTC, date, datetime

import pytest
from billing_shop import SYSTEM, open_shop

from billhead import clock
from billhead.actions.catalogue._touched import touched_by
from billhead.actions.catalogue.add_price import NewPrice, Tag, add_price, preview_add_price
from billhead.actions.catalogue.reprice import RepriceWish, preview_reprice, reprice
from billhead.actions.catalogue.tell_price_changes import tell_price_changes
from billhead.actions.catalogue.withdraw_reprice import withdraw_reprice
from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.payments._attempts import new_attempt
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, CurrencyMismatch, InvalidInput, NotFound, NoticeRejected
from billhead.domain.money import Money
from billhead.models.catalogue import Price, Reprice
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import Notice
from billhead.models.payments import AttemptDocument
from billhead.models.subscriptions import Subscription

NOV, DEC, JAN = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    with (
        open_shop(database_url, tmp_path, lead_days=7) as shop,
        clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)),
    ):
        yield shop


def wish(shop, **more):
    return RepriceWish(**{"seller_id": shop.seller_id, "existing_from": DEC, "tell_days": 14, **more})


def act(action, *args, **more):
    with writing(SYSTEM) as tx:
        return action(tx, *args, **more)


def told(shop, kind):
    notices = shop.all(Notice, Notice.kind == kind)
    found = []
    with reading() as session:
        for notice in notices:
            try:
                found.append(render(kind, gather(session, notice)).text)
            except NoticeRejected as never:
                found.append(f"not sent: {never.message}")
    return found


def test_the_preview_is_what_happens_and_what_it_is_worth(shop):
    month, year = shop.plan("tv", 999), shop.plan("tv-year", 9999, "1 year")
    shop.plan("free", 0)
    people = [shop.subscribe(shop.customer(), month, due=DEC) for _ in range(2)]
    shop.subscribe(shop.customer(), year, due=date(2027, 6, 1))
    asked = wish(shop, percent_ppm=100_000, round_to_minor=100, below_minor=1)
    with reading() as session:
        found = preview_reprice(session, asked)
    # 9.99 → 10.989 → 10.99; 99.99 → 109.989 → 109.99; 0.00 stays
    assert [(one.plan, one.old_minor, one.new_minor, one.subscriptions, one.a_month_minor) for one in found] == [
        ("tv", 999, 1099, 2, 200),
        ("tv-year", 9999, 10999, 1, 83),  # 10.00 / 12
    ]
    done = act(reprice, asked)
    assert (done.prices, done.subscriptions) == (2, 3)
    shop.run(JAN)
    for subscription in people:
        lines = shop.all(DocumentLine, DocumentLine.subscription_id == subscription)
        assert [line.net_minor for line in lines] == [1099, 1099]
    assert shop.get(Reprice, done.reprice_id).a_month_minor == {"EUR": 283}


@pytest.mark.parametrize(
    ("percent", "ways", "becomes"),
    [
        (50_000, {"round_to_minor": 100}, 100),
        (50_000, {"round_to_minor": 100, "below_minor": 1}, 99),
        (-990_000, {}, 1),
        (-1_000_000, {"round_to_minor": 100}, 0),
    ],
)
def test_what_costs_something_is_not_made_free_by_rounding(shop, percent, ways, becomes):
    shop.plan("screen", 30)
    with reading() as session:
        found = preview_reprice(session, wish(shop, percent_ppm=percent, **ways))
    assert [one.new_minor for one in found] == [becomes]


def test_chosen_prices_become_a_new_amount(shop):
    shop.plan("tv", 999)
    shop.plan("sport", 499)
    tv = next(one.id for one in shop.all(Price) if one.amount_minor == 999)
    asked = wish(shop, existing_from=None, prices=(tv,), to=Money(1250, "EUR"), round_to_minor=100)
    with pytest.raises(CurrencyMismatch):
        act(reprice, wish(shop, existing_from=None, prices=(tv,), to=Money(1250, "USD")))
    assert act(reprice, asked).prices == 1
    assert sorted(one.amount_minor for one in shop.all(Price)) == [499, 999, 1250]  # as it is, not rounded
    with pytest.raises(Conflict, match="changed in the meantime"):
        act(reprice, asked)


@pytest.mark.parametrize("to", [{}, {"round_to_minor": 10}])
def test_two_euros_more_for_all_plans_leave_a_free_one_free(shop, to):
    shop.plan("tv", 1000)
    shop.plan("free", 0)
    with reading() as session:
        found = preview_reprice(session, wish(shop, add_minor=200, **to))
    assert [(one.plan, one.new_minor) for one in found] == [("tv", 1200)]


def test_customers_are_told_once_in_time_with_their_own_day_and_price(shop):
    tv, sport = shop.plan("tv", 1000), shop.plan("sport", 300)
    shop.subscribe(shop.customer(), tv, sport, due=date(2026, 11, 10), anchor=date(2026, 10, 10))
    shop.subscribe(shop.customer(), sport, due=DEC)
    act(reprice, wish(shop, plans=("tv",), add_minor=200))
    assert not act(tell_price_changes).more  # not yet: two weeks before
    with clock.business_time(datetime(2026, 11, 17, 12, tzinfo=UTC)):
        while act(tell_price_changes).more:
            pass
        assert not act(tell_price_changes).more
    (text,) = told(shop, "price_change")
    assert "From 10 December 2026 on, tv costs €15.00 for 1 month. Until then you pay €13.00." in text


def test_who_has_paid_ahead_is_told_the_day_from_which_they_pay_it(shop):
    tv = shop.plan("tv", 1000)
    for through in (date(2027, 1, 10), date(2026, 11, 10)):
        shop.subscribe(shop.customer(), tv, due=through, anchor=date(2026, 10, 10))
    act(reprice, wish(shop, add_minor=200))
    with clock.business_time(datetime(2026, 11, 17, 12, tzinfo=UTC)):
        while act(tell_price_changes).more:
            pass
        shop.run(date(2026, 11, 17))
        assert [text.partition(" on, tv")[0][-20:] for text in told(shop, "price_change")] == [
            "From 10 January 2027",
            "rom 10 December 2026",
        ]
    with clock.business_time(datetime(2026, 12, 10, 12, tzinfo=UTC)):
        shop.run(date(2026, 12, 10))  # and once it is billed, it is from that day
        assert "From 10 December 2026 on, tv costs €12.00" in told(shop, "price_change")[1]


def test_taken_back_in_time_nobody_pays_it_and_who_was_told_learns_it(shop):
    tv = shop.plan("tv", 1000)
    auto = shop.subscribe(shop.customer(), tv, due=DEC)
    manual = shop.subscribe(
        shop.customer(card=False), tv, due=DEC, collection="manual", next_bill_on=date(2026, 11, 24)
    )
    done = act(reprice, wish(shop, add_minor=200))
    with clock.business_time(datetime(2026, 11, 25, 12, tzinfo=UTC)):
        while act(tell_price_changes).more:
            pass
        shop.run(date(2026, 11, 25))
        (offer,) = shop.all(Document, Document.kind == "proforma")
        assert offer.net_minor == 1200
        assert act(withdraw_reprice, done.reprice_id).offers == 1
        while act(tell_price_changes).more:
            pass
        shop.run(date(2026, 11, 25))
        assert [(row.state, row.net_minor) for row in shop.all(Document, Document.kind == "proforma")] == [
            ("void", 1200),
            ("open", 1000),
        ]
    shop.run(JAN)
    assert [line.net_minor for line in shop.all(DocumentLine, DocumentLine.subscription_id == auto)] == [1000, 1000]
    assert len(told(shop, "price_stays")) == 2
    assert all("It will not come" in text for text in told(shop, "price_stays"))
    assert {text.split(":")[0] for text in told(shop, "price_change")} == {"not sent"}
    with pytest.raises(Conflict):
        act(withdraw_reprice, done.reprice_id)
    assert shop.get(Subscription, manual).state == "active"


def test_sold_at_the_new_price_it_stays_so_when_the_rest_is_taken_back(shop):
    plan, first = shop.plan("tv", 1000)
    shop.subscribe(shop.customer(), (plan, first), due=DEC)
    done = act(reprice, wish(shop, add_minor=200))
    (new,) = shop.all(Price, Price.version == 2)
    buyer = shop.subscribe(shop.customer(), (plan, new.id), due=DEC)
    act(withdraw_reprice, done.reprice_id)
    shop.run(JAN)
    assert [line.net_minor for line in shop.all(DocumentLine, DocumentLine.subscription_id == buyer)] == [1200, 1200]
    assert (shop.get(Price, new.id).existing_from, shop.get(Price, new.id).withdrawn_on) == (None, None)


def test_a_renewal_that_is_being_paid_with_others_stays_at_the_new_price(shop):
    manual = {"due": DEC, "collection": "manual", "next_bill_on": date(2026, 11, 24)}
    who, tv = shop.customer(card=False), shop.plan("tv", 1000)
    for _ in range(2):
        shop.subscribe(who, tv, **manual)
    done = act(reprice, wish(shop, add_minor=200))
    with clock.business_time(datetime(2026, 11, 25, 12, tzinfo=UTC)):
        shop.run(date(2026, 11, 25))
        first, second = shop.all(Document, Document.kind == "proforma")
        with writing(SYSTEM) as tx:
            tried = new_attempt(tx, tx.session.get_one(Document, first.id), shop.cards_id, Money(2880, "EUR"))
            tried.state = "requires_action"
            tx.session.add(AttemptDocument(attempt_id=tried.id, document_id=second.id, position=0))
        assert act(withdraw_reprice, done.reprice_id).offers == 0
    assert [row.state for row in shop.all(Document, Document.kind == "proforma")] == ["open", "open"]


def test_a_day_that_has_come_is_not_taken_back(shop):
    shop.subscribe(shop.customer(), shop.plan("tv", 1000), due=DEC)
    done = act(reprice, wish(shop, add_minor=200))
    with (
        clock.business_time(datetime(2026, 11, 30, 11, tzinfo=UTC)),  # 1 December on Kiritimati
        pytest.raises(Conflict, match="it holds since 2026-12-01"),
    ):
        act(withdraw_reprice, done.reprice_id)


WRONG = [
    ({"existing_from": NOV}, "existing_from"),
    ({"existing_from": date(2026, 11, 10)}, "existing_from"),  # told 14 days before
    ({"percent_ppm": -1_100_000}, "percent"),
    ({"plans": ("nothing",)}, "plans"),
    ({"books": ("nothing",)}, "books"),
    ({"terms": ("a while",)}, "terms"),
    ({"round_to_minor": 0}, "round_to"),
    ({"round_to_minor": 100, "below_minor": 100}, "below"),
    ({"tell_days": -1}, "tell_days"),
    ({"percent_ppm": 0}, "plans"),
]


def test_what_makes_no_sense_is_refused_at_its_field(shop):
    shop.plan("tv", 1000)
    for wrong, field in WRONG:
        with pytest.raises(InvalidInput) as refused:
            act(reprice, wish(shop, **{"percent_ppm": 50_000, **wrong}))
        assert refused.value.field == field, wrong
    assert len(shop.all(Price)) == 1


def test_one_price_is_a_version_too(shop):
    plan, price = shop.plan("tv", 1000)
    book = shop.get(Price, price).book_id
    shop.subscribe(shop.customer(), (plan, price), due=DEC)
    new = NewPrice(book, plan, "month", Tag(1500), existing_from=JAN, tell_days=30)
    with reading() as session:
        found = preview_add_price(session, new)
    assert (found.subscriptions, found.a_month_minor) == (1, 500)
    assert act(add_price, new).version == 2
    with pytest.raises(Conflict, match="another price comes on 2027-01-01"):
        act(add_price, NewPrice(book, plan, "1 month", Tag(1400), existing_from=JAN, tell_days=None))
    assert act(add_price, NewPrice(book, plan, "1 year", Tag(9900))).version == 1
    with pytest.raises(Conflict, match="costs that already"):
        act(add_price, NewPrice(book, plan, "1 year", Tag(9900)))
    for tag, term, field in (
        (Tag(-1), "1 month", "amount"),
        (Tag(True), "1 month", "amount"),
        (Tag(2**63), "1 month", "amount"),
        (Tag(1, trial_term="7 days"), "", "trial_term"),
        (Tag(1, trial_minor=5), "1 month", "trial_term"),
        (Tag(1), "2 fortnights", "term"),
    ):
        with pytest.raises(InvalidInput) as refused:
            act(add_price, NewPrice(book, plan, term, tag))
        assert refused.value.field == field
    with pytest.raises(InvalidInput):
        act(add_price, NewPrice(book, plan, "1 month", Tag(1), valid_from=date(2026, 10, 1)))
    with pytest.raises(NotFound):
        act(add_price, NewPrice(book, 999, "1 month", Tag(1)))


def test_whom_it_touches_with_what_they_pay_before_and_after(shop):
    tv, sport = shop.plan("tv", 1000), shop.plan("sport", 300)
    first, second = shop.customer(), shop.customer()
    old = shop.subscribe(first, tv, sport, due=DEC)
    act(reprice, wish(shop, plans=("tv",), add_minor=100))  # for everybody from December on
    done = act(reprice, wish(shop, plans=("tv",), add_minor=150, existing_from=JAN))
    act(add_price, NewPrice(shop.get(Price, tv[1]).book_id, tv[0], "1 month", Tag(900)))
    newest = shop.all(Price, Price.plan_id == tv[0])[-1].id
    shop.subscribe(second, (tv[0], newest), due=DEC)
    shop.subscribe(shop.customer(), sport, due=DEC)
    with reading() as session:
        found = list(touched_by(session, done.reprice_id))
    # 10.00 → 11.00 in December → 12.50 in January. The other one bought by a version that came after it
    assert [(one.subscription_id, one.plan, one.old_minor, one.new_minor) for one in found] == [(old, "tv", 1100, 1250)]
    assert (found[0].customer_id, found[0].currency, found[0].units) == (first, "EUR", 1)
    shop.change(Subscription, old, state="canceled")
    with reading() as session:
        assert list(touched_by(session, done.reprice_id)) == []
