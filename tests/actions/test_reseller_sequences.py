"""Whatever resellers do and panels answer, in any order: no credit is made or lost, no line is there without credit."""

from contextlib import suppress
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reseller_shop import SELLS, STAFF, open_reseller_shop, xcr
from sqlalchemy import case, func, select

from billhead import clock
from billhead.actions.provisioning import converge as converging
from billhead.actions.provisioning._stepping import Answer
from billhead.actions.resellers._wallet import balance
from billhead.actions.resellers.change_user import WAYS, UserChange, change_user
from billhead.actions.subscriptions.cancel import cancel
from billhead.db import Tx, reading, writing
from billhead.domain.errors import Conflict, NotAllowed
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.credits import CreditHold, CreditLot
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.people import Reseller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Observed
from billhead.reports._margins import margins
from two_panels import NOW

PEOPLE = ("top", "mid", "low")
LINE_OF_CREDIT = 700
FAR_OFF = date(2100, 1, 1)
WHO, WHICH = st.integers(0, 2), st.integers(0, 9)
MINOR = st.integers(1, 3000)
MOODS = st.sampled_from(["ok", "ok", "unknown", "made", "impossible", "foreign"])
SALE = st.tuples(st.just("add"), WHO, st.sampled_from(["basic", "pair", "week"]))
ANSWER = st.tuples(st.just("panel_says"), WHICH, MOODS)
ENDING = st.tuples(st.sampled_from(["renew", "renew", "terminate", "cancel"]), WHICH, st.none())
CHANGE = st.tuples(st.just("change"), WHICH, st.tuples(st.sampled_from(["basic", "small"]), st.sampled_from(WAYS)))
DEEDS = st.one_of(
    SALE, SALE, ANSWER, ANSWER, ANSWER, ENDING, ENDING, CHANGE,
    st.tuples(st.sampled_from(["grant", "transfer", "transfer"]), WHO, MINOR),
    st.tuples(st.just("days"), st.integers(1, 20), st.none()),
)  # fmt: skip


class Panel:
    """A panel that answers what it is told; `there` are the lines that it has."""

    def __init__(self):
        self.there, self.mood = {}, "ok"

    def ask(self, _view, desired, *, remove, stop_first, entitled):
        assert not stop_first, "nothing that is watched is counted here"
        ref, mood = desired.handle.ref, self.mood
        if mood in ("ok", "made"):
            self.there.pop(ref, None) if remove else self.there.update({ref: desired.expires_at})
        if mood in ("unknown", "made"):  # "made": done, and the answer was lost
            return Answer("unknown", error="no answer")
        if remove:
            return Answer("ok", gone=True) if mood == "ok" else Answer("failed", error="not now", retry=True)
        seen = Observed(expires_at=self.there[ref]) if ref in self.there else None
        if mood == "foreign":
            return Answer("failed", error="somebody else's", foreign=True) if seen is None else Answer("ok", seen)
        return Answer("ok", seen) if mood == "ok" else Answer("impossible", seen, "can't")


class Story:
    def __init__(self, shop, names, panel):
        self.shop, self.panel, self.granted = shop, panel, 0
        self.who = [f"{name}{next(names)}" for name in PEOPLE]
        for parent, code in zip(["", *self.who], self.who, strict=False):
            rights = {"trials_per_day": 3, "sells": [*SELLS, "small"]}
            shop.reseller(code, parent, rights=rights, credit_line_minor=LINE_OF_CREDIT)
        self.ids = [shop.known[code] for code in self.who]
        self.boxes = count(next(names) * 1000)

    def subscriptions(self):
        mine = Subscription.payer_reseller_id.in_(self.ids)
        return [each.id for each in self.shop.rows(select(Subscription).where(mine).order_by(Subscription.id))]

    def services(self):
        mine = Subscription.payer_reseller_id.in_(self.ids)
        query = select(Service).join(Subscription, Subscription.id == Service.subscription_id).where(mine)
        return self.shop.rows(query.order_by(Service.id))

    def do(self, deed, one, other):
        with suppress(Conflict, NotAllowed):  # what must hold is checked all the same
            getattr(self, deed)(one, other)

    def grant(self, who, minor):
        self.shop.grant(self.who[who], f"{minor / 100:.2f}")
        self.granted += minor

    def transfer(self, who, minor):
        for to in self.who[who + 1 : who + 2]:
            self.shop.transfer(self.who[who], to, f"{minor / 100:.2f}")

    def add(self, who, plan):
        number = f"{next(self.boxes):06X}"
        mac = f"00:1A:79:{number[:2]}:{number[2:4]}:{number[4:]}" if plan == "pair" else ""
        self.shop.add(self.who[who], plan, mac=mac, trial=plan == "week")

    def _one_of(self, which):
        found = self.subscriptions()
        return [found[which % len(found)]] if found else []

    def renew(self, which, _):
        for subscription_id in self._one_of(which):
            self.shop.renew(subscription_id, STAFF)

    def terminate(self, which, _):
        for subscription_id in self._one_of(which):
            self.shop.terminate(subscription_id, STAFF)

    def cancel(self, which, _):
        for subscription_id in self._one_of(which):
            with writing(STAFF) as tx:
                cancel(tx, subscription_id, "immediate")

    def change(self, which, wish):
        for subscription_id in self._one_of(which):
            with writing(STAFF) as tx:
                change_user(tx, subscription_id, UserChange(plan=wish[0], way=wish[1]))

    def days(self, number, _):
        self.shop.operator.wait(days=number)

    def panel_says(self, which, mood):
        services = self.services()
        if services:
            self.panel.mood = mood
            self.shop.operator.converge(services[which % len(services)].id)

    def check(self):
        """Lots are the ledger's, nothing is below zero, and what was granted is available, held or consumed."""
        shop = self.shop
        available, held, consumed = ([xcr(each[n]).minor for each in map(shop.wallet, self.who)] for n in range(3))
        assert min(available + held + consumed) >= 0
        lent = [max(0, -minor) for minor in self.balances()]
        assert max(lent) <= LINE_OF_CREDIT
        assert sum(available + held + consumed) == self.granted + sum(lent)
        holds = shop.rows(select(CreditHold).where(CreditHold.reseller_id.in_(self.ids)))
        for number, reseller_id in enumerate(self.ids):
            mine = [hold for hold in holds if hold.reseller_id == reseller_id]
            assert sum(hold.amount_minor for hold in mine if hold.state == "held") == held[number]
            gone = [
                hold.details.get("returned_minor", 0) + hold.details.get("back_minor", 0)
                for hold in mine
                if hold.state == "captured"
            ]
            kept = sum(hold.amount_minor for hold in mine if hold.state == "captured") - sum(gone)
            assert kept == consumed[number] == self.told(reseller_id)
            lots = shop.rows(select(CreditLot).where(CreditLot.reseller_id == reseller_id))
            assert sum(lot.remaining_minor for lot in lots) == available[number]
        self.no_line_without_credit(holds)

    def told(self, reseller_id):
        """By the margin report: month by month it is the ledger's, too."""
        whose = select(Reseller.id).where(Reseller.id == reseller_id)
        with reading() as session:
            rows = margins(session, whose, None, FAR_OFF, by_month=True)
            by_month = {}
            for row in rows:
                by_month[row.month] = by_month.get(row.month, 0) + row.credits_minor
            for month, minor in by_month.items():
                assert minor == consumed_in(session, reseller_id, month)
            return sum(by_month.values())

    def balances(self):
        with reading() as session:
            tx = Tx(STAFF, session)
            return [balance(tx, session.get_one(Reseller, reseller_id)).minor for reseller_id in self.ids]

    def no_line_without_credit(self, holds):
        services = self.services()
        of_line = {service.id: service.subscription_id for service in services}
        paying = {of_line[hold.service_id] for hold in holds if hold.state != "released"}
        assert {each.subscription_id for each in services if each.handle in self.panel.there} <= paying

    def settle(self):
        """The panel answers everything at last: then nothing is held, and every line that is there was paid for."""
        self.panel.mood = "ok"
        for _ in range(3):
            for service in self.services():
                self.shop.operator.converge(service.id)
        self.check()
        assert self.shop.faults() == []
        holds = self.shop.rows(select(CreditHold).where(CreditHold.reseller_id.in_(self.ids)))
        assert {hold.state for hold in holds} <= {"captured", "released"}
        services = self.services()
        there = {service.handle for service in services} & self.panel.there.keys()
        assert there == {service.handle for service in services if service.lifecycle == "wanted"}


def consumed_in(session, reseller_id, month):
    signed = case((LedgerPosting.side == "C", LedgerPosting.amount_minor), else_=-LedgerPosting.amount_minor)
    grown = session.scalar(
        select(func.sum(signed))
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerAccount.code == "credits_consumed", LedgerAccount.subject == f"reseller:{reseller_id}")
        .where(LedgerEntry.day >= month, LedgerEntry.day < (month + timedelta(days=31)).replace(day=1))
    )
    return int(grown or 0)


@pytest.fixture
def panel(monkeypatch):
    panel = Panel()
    monkeypatch.setattr(converging, "ask_panel", panel.ask)
    return panel


@pytest.fixture
def names():
    return count()


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    with writing(STAFF) as tx:
        book = tx.session.scalars(select(PriceBook)).one()
        plans = {plan.code: plan for plan in tx.session.scalars(select(Plan))}
        less = Plan(
            seller_id=operator.seller_id, code="small", name="Small", kind="stream", details=plans["basic"].details
        )
        tx.session.add(less)
        tx.session.flush()
        tx.session.add(Price(book_id=book.id, plan_id=less.id, term="1 month", amount_minor=400, credit_minor=370))
    return shop


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(deeds=st.lists(DEEDS, min_size=30, max_size=40))
def test_no_credit_is_made_or_lost_and_no_line_is_there_without(shop, panel, names, deeds):
    clock.move_business_clock(NOW)
    story = Story(shop, names, panel)
    for deed, one, other in [("grant", 0, 6000), ("transfer", 0, 4000), ("transfer", 1, 2000), *deeds]:
        story.do(deed, one, other)
        story.check()
    story.settle()
