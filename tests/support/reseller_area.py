"""The web shop with resellers in it: Aurora above Baltic, Gulf beside them, each with a login and 100.00 credits.

A month of `basic` takes 10.00 credits (a year 100.00; a trial of 2 days 1.00), of `box` 12.00, a second screen 3.00.
Credit package `hundred`: 100.00 credits for €80.00, for both tiers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from web_shop import PASSWORD, Browser, Shop, open_shop

from apps import close_app

SELLS = ["basic", "box"]
RIGHTS = {"sells": SELLS, "trials_per_day": 2, "terminate": True, "refund_unused": True}


@dataclass
class Area:
    shop: Shop
    ids: dict[str, int] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)
    hashed: str = ""

    def add(self, who: str, name: str, **fields: Any) -> int:
        """Through the form; returns the subscription."""
        told = {"offer": "basic|1 month", "name": name, "language": "en", **fields}
        answer = self.browsers[who].post("/reseller/users/new", told)
        assert answer.status_code == 303, answer.text
        return int(answer.location.split("/")[-2])

    def credits(self, who: str) -> int:
        """What it has to spend, in hundredths."""
        from billhead.actions.resellers._seen import figures_of
        from billhead.db import reading

        with self.shop.app.app_context(), reading() as session:
            return figures_of(session, [self.ids[who]])[self.ids[who]].balance_minor


def _reseller(area: Area, tx: Any, code: str, tier: str, parent: str = "", **rights: Any) -> None:
    from billhead import clock
    from billhead.actions.resellers.grant_credits import grant_credits
    from billhead.domain.money import CREDITS, Money
    from billhead.models.people import Customer, Reseller, ResellerClosure, User

    row = Reseller(
        seller_id=area.shop.seller_id, parent_id=area.ids.get(parent), code=code, name=code.title(), tier=tier,
        rights=RIGHTS | rights, created_on=clock.today_in("UTC"),
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    links = tx.session.execute(
        select(ResellerClosure.ancestor_id, ResellerClosure.depth).where(
            ResellerClosure.descendant_id == area.ids.get(parent)
        )
    ).all()
    for ancestor, depth in [*[(one.ancestor_id, one.depth + 1) for one in links], (row.id, 0)]:
        tx.session.add(ResellerClosure(ancestor_id=ancestor, descendant_id=row.id, depth=depth))
    own = Customer(
        seller_id=row.seller_id, buys_for_reseller_id=row.id, name=row.name, email=f"{code}@example.com", country="FI",
        currency="EUR", zone="Europe/Helsinki", created_at=clock.now(),
    )  # fmt: skip
    tx.session.add(own)
    tx.session.flush()
    tx.session.add(
        User(
            seller_id=row.seller_id,
            email=own.email,
            role=tier,
            customer_id=own.id,
            reseller_id=row.id,
            password_hash=area.hashed,
            created_at=clock.now(),
        )
    )
    area.ids[code] = row.id
    grant_credits(tx, row.id, Money(10000, CREDITS))


def open_area(shop: Shop) -> Area:
    from billhead.actions.accounts.hash_password import hash_password
    from billhead.db import writing
    from billhead.domain.context import Context
    from billhead.models.catalogue import Plan, Price, PriceBook

    area = Area(shop)
    with shop.app.app_context():
        area.hashed = hash_password(PASSWORD, "somebody@example.com")
        with writing(Context.system("test")) as tx:
            plans = {plan.code: plan for plan in tx.session.scalars(select(Plan))}
            book = tx.session.scalars(select(PriceBook).where(PriceBook.code == "eur")).one()
            credits = {
                ("basic", "1 month"): 1000,
                ("basic", "12 months"): 10000,
                ("box", "1 month"): 1200,
                ("screen", "1 month"): 300,
            }
            for (code, term), minor in credits.items():
                more = (
                    {"trial_term": "2 days", "trial_credit_minor": 100} if (code, term) == ("basic", "1 month") else {}
                )
                tx.session.execute(
                    update(Price)
                    .where(Price.book_id == book.id, Price.plan_id == plans[code].id, Price.term == term)
                    .values(credit_minor=minor, **more)
                )
            package = Plan(
                seller_id=shop.seller_id, code="hundred", name="A hundred", kind="credit_package", credits_minor=10000,
                details={"roles": ["reseller", "super_reseller"]}, tax_class="credits",
            )  # fmt: skip
            place = Plan(
                seller_id=shop.seller_id, code="partner", name="Partner", kind="reseller", start_up_credits_minor=2000,
                details={"sells": ["basic"], "trials_per_day": 1}, tax_class="credits",
            )  # fmt: skip
            tx.session.add_all([package, place])
            tx.session.flush()
            tx.session.add(Price(book_id=book.id, plan_id=package.id, term="", amount_minor=8000))
            tx.session.add(Price(book_id=book.id, plan_id=place.id, term="", amount_minor=5000, credit_minor=3000))
            _reseller(area, tx, "aurora", "super_reseller")
            _reseller(area, tx, "baltic", "reseller", "aurora")
            _reseller(area, tx, "coast", "reseller", "aurora")
            _reseller(area, tx, "gulf", "super_reseller")
    for code in area.ids:
        area.browsers[code] = shop.visitor()
        assert area.browsers[code].sign_in(f"{code}@example.com").location == "/reseller/"
    return area


def sell_fifty(area: Area) -> list[str]:
    """Ten more plans for five terms each, some of them with a box; returns the fifty as the form sends them."""
    from billhead.db import writing
    from billhead.domain.context import Context
    from billhead.models.catalogue import Plan, Price, PriceBook
    from billhead.models.people import Reseller

    terms = ("1 month", "3 months", "6 months", "12 months", "24 months")
    with area.shop.app.app_context(), writing(Context.system("test")) as tx:
        book = tx.session.scalars(select(PriceBook).where(PriceBook.code == "eur")).one()
        like = {code: tx.session.scalars(select(Plan).where(Plan.code == code)).one() for code in SELLS}
        codes = []
        for number, name in enumerate(FIFTY):
            model = like["box" if name.endswith("box") else "basic"]
            plan = Plan(seller_id=area.shop.seller_id, code=f"more-{number}", name=name, kind=model.kind,
                        tax_class=model.tax_class, details=model.details)  # fmt: skip
            tx.session.add(plan)
            tx.session.flush()
            codes.append(plan.code)
            for times, term in enumerate(terms, 1):
                minor = 100 * (number + 1) * times
                tx.session.add(
                    Price(book_id=book.id, plan_id=plan.id, term=term, amount_minor=minor, credit_minor=minor)
                )
        for row in tx.session.scalars(select(Reseller)):
            row.rights = {**row.rights, "sells": codes}
    return [f"{code}|{term}" for code in codes for term in terms]


FIFTY = ("Sport", "Sport HD", "Sport HD box", "Sport and family", "Sport and family box", "Family", "Family HD", "Film",
         "Film and family", "Package 10")  # fmt: skip


@pytest.fixture
def area(sqlite_url: str, tmp_path: Path) -> Iterator[Area]:
    shop = open_shop(sqlite_url, tmp_path / "home")
    yield open_area(shop)
    close_app(shop.app)
