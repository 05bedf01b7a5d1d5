"""An event is bought, is on the panel from its first to its last minute, and goes when it is called off."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from web_shop import Shop

from billhead import clock
from billhead.actions.entitlements.buy_once import buy_once
from billhead.actions.entitlements.call_off import call_off
from billhead.actions.payments._book import Receipt, book
from billhead.actions.subscriptions._shape import reshape
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet, Price, PriceBook
from billhead.models.documents import Document
from billhead.models.entitlements import Entitlement
from billhead.models.panels import PanelBouquet
from billhead.models.payments import GatewayAccount
from billhead.models.subscriptions import Service, Subscription

SYSTEM = Context.system("test", reason="the match is off")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def tv(any_shop: Shop) -> Shop:
    browser = any_shop.customer()
    any_shop.order(browser)
    any_shop.pay()
    any_shop.work()
    return any_shop


def sold(shop: Shop, code: str, kind: str, bouquets: tuple[str, ...], **details) -> None:
    with shop.app.app_context(), writing(SYSTEM) as tx:
        plan = Plan(seller_id=shop.seller_id, code=code, name=code, kind=kind, details=details)
        tx.session.add(plan)
        tx.session.flush()
        book = tx.session.scalars(select(PriceBook).where(PriceBook.code == "eur")).one()
        tx.session.add(Price(book_id=book.id, plan_id=plan.id, term="", amount_minor=500))
        for name in bouquets:
            row = tx.session.scalar(select(Bouquet).where(Bouquet.code == name))
            if row is None:
                row = Bouquet(seller_id=shop.seller_id, code=name, name=name)
                tx.session.add(row)
                tx.session.flush()
                tx.session.add(PanelBouquet(panel_id=shop.panel_id, bouquet_id=row.id, remote=f"remote-{name}"))
            tx.session.add(PlanBouquet(plan_id=plan.id, bouquet_id=row.id))


def buys(shop: Shop, code: str, now=None) -> int:
    with shop.app.app_context(), clock.business_time(now or clock.business_now()), writing(SYSTEM) as tx:
        bought = buy_once(tx, 1, code)
        account = tx.session.get_one(GatewayAccount, shop.accounts["cards"])
        document = tx.session.get_one(Document, bought.document_id)
        book(tx, document, Receipt(account, Money(bought.owed_minor, "EUR"), f"ref-{code}"))
        return bought.entitlement_id


def on_panel(shop: Shop, at) -> list[str]:
    """What the panel says after the workers have run at that moment."""
    with clock.business_time(at):
        shop.work()
    with shop.app.app_context(), reading() as session:
        return session.get_one(Service, 1).observed["bouquets"]


def test_an_event_is_on_the_panel_for_its_time_and_no_longer(tv: Shop):
    now = clock.business_now().replace(microsecond=0)
    starts, ends = now + 5 * HOUR, now + 9 * HOUR
    sold(tv, "final", "ppv", ("ppv",), starts=starts.isoformat(), ends=ends.isoformat())
    buys(tv, "final", now)
    assert on_panel(tv, now) == []
    assert on_panel(tv, starts) == ["remote-ppv"]
    assert on_panel(tv, ends - HOUR) == ["remote-ppv"]
    assert on_panel(tv, ends) == []


def test_a_called_off_event_goes_and_what_else_brings_the_bouquet_stays(tv: Shop):
    now = clock.business_now().replace(microsecond=0)
    ends = (now + 9 * HOUR).isoformat()
    sold(tv, "final", "ppv", ("ppv", "extra"), starts=now.isoformat(), ends=ends)
    sold(tv, "film", "rental", ("extra",), hours=48)
    buys(tv, "final", now)
    buys(tv, "film", now)
    assert on_panel(tv, now + MINUTE) == ["remote-extra", "remote-ppv"]
    with tv.app.app_context(), clock.business_time(now), reading() as session:
        plan_id = session.scalars(select(Plan.id).where(Plan.code == "final")).one()
    with tv.app.app_context(), clock.business_time(now), writing(SYSTEM) as tx:
        call_off(tx, plan_id, reason="the match is off")
    assert on_panel(tv, now + HOUR) == ["remote-extra"]
    with tv.app.app_context(), reading() as session:
        states = session.scalars(select(Entitlement.state).order_by(Entitlement.id)).all()
    assert states == ["refunded", "active"]
    assert on_panel(tv, now + 48 * HOUR + MINUTE) == []


def test_a_change_of_the_line_in_between_does_not_take_it_away(tv: Shop):
    now = clock.business_now().replace(microsecond=0)
    sold(tv, "film", "rental", ("films",), hours=48)
    buys(tv, "film", now)
    assert on_panel(tv, now + MINUTE) == ["remote-films"]
    with tv.app.app_context(), clock.business_time(now + HOUR), writing(SYSTEM) as tx:
        reshape(tx, tx.session.get_one(Subscription, 1))
    assert on_panel(tv, now + HOUR) == ["remote-films"]
