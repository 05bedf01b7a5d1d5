"""Resellers with shops of their own: Aurora's `aurora-tv` and Gulf's `gulf`, both selling Basic for 25.00 EUR a month.

A month takes 10.00 credits of the reseller, as in `reseller_area`. Each shop has a card account of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from reseller_area import Area, open_area
from web_shop import PASSWORD, Browser, open_shop
from werkzeug.test import TestResponse

from apps import close_app

SHOPS = {"aurora": "aurora-tv", "gulf": "gulf"}


class ShopBrowser(Browser):
    """One that goes about a shop: at its path unless a host is named."""

    def __init__(self, client: Any, code: str, host: str = "") -> None:
        super().__init__(client)
        self.before, self.host = ("", host) if host else (f"/shop/{code}", "localhost")

    def get(self, path: str, **more: Any) -> TestResponse:
        return super().get(self.before + path, base_url=f"http://{self.host}", **more)

    def post(self, path: str, fields: dict[str, Any] | None = None, *, page: str = "/", **more: Any) -> TestResponse:
        more.setdefault("base_url", f"http://{self.host}")
        return super().post(self.before + path, fields, page=page, **more)


@dataclass
class WhiteLabel:
    area: Area
    sellers: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def shop(self) -> Any:
        return self.area.shop

    def visitor(self, who: str, host: str = "") -> ShopBrowser:
        return ShopBrowser(self.shop.app.test_client(), SHOPS[who], host)

    def customer(self, who: str, email: str = "ada@example.com", host: str = "", **fields: Any) -> ShopBrowser:
        browser = self.visitor(who, host)
        told = {"name": "Ada Lovelace", "email": email, "password": PASSWORD, "country": "FI", **fields}
        answer = browser.post("/sign-up", told)
        assert answer.status_code == 303, answer.text
        return browser

    def order(self, browser: ShopBrowser, who: str, plan: str = "basic", term: str = "1 month", **more: Any) -> Any:
        assert browser.post(f"/plans/{plan}", {"term": term, **more}).status_code == 303
        return browser.post("/checkout", {"account": str(self.accounts[who])})

    def pay(self, who: str, event: str = "") -> TestResponse:
        """The newest attempt succeeds."""
        attempt = self.shop.attempt()
        told = {"id": event or f"evt_{attempt.id}", "ref": attempt.key, "state": "succeeded"}
        told |= {"minor": attempt.amount_minor, "currency": attempt.currency}
        self.shop.tokens[who] = self.tokens[who]
        return self.shop.call_back(told, account=who)

    def sell(self, email: str = "ada@example.com") -> None:
        """Somebody new buys a month in Aurora's shop, and pays."""
        assert self.order(self.customer("aurora", email), "aurora").status_code == 303
        assert self.pay("aurora").status_code == 200

    def renew(self) -> None:
        """The only subscription there is of a shop pays for one more term."""
        from billhead.actions.billing.run import run_billing
        from billhead.models.documents import Document
        from billhead.models.subscriptions import Subscription

        (subscription,) = self.shop.rows(Subscription, Subscription.settlement == "invoice")
        with self.shop.app.app_context():
            run_billing(subscription.next_bill_on)  # 14 days before the end
        asked = self.shop.rows(Document, Document.kind == "proforma")[-1].id
        browser = self.visitor("aurora")
        browser.sign_in("ada@example.com")
        assert browser.post(f"/pay/{asked}", {"account": str(self.accounts["aurora"])}).status_code == 303
        assert self.pay("aurora").status_code == 200

    def leave(self, minor: int) -> None:
        """Aurora has so many hundredths of a credit left."""
        from billhead.actions.resellers.take_credits import take_credits
        from billhead.domain.money import CREDITS, Money

        self.act(take_credits, self.area.ids["aurora"], Money(self.area.credits("aurora") - minor, CREDITS))

    def grant(self, minor: int) -> None:
        """Aurora gets so many hundredths of a credit."""
        from billhead.actions.resellers.grant_credits import grant_credits
        from billhead.domain.money import CREDITS, Money

        self.act(grant_credits, self.area.ids["aurora"], Money(minor, CREDITS))

    def act(self, action: Any, *args: Any, who: str = "", **more: Any) -> Any:
        """As staff, or as the reseller."""
        from billhead.db import writing
        from billhead.domain.context import Context, Role, Scope

        ctx = Context.system("test", reason="for the test")
        if who:
            ctx = Context(f"reseller:{who}", Role.RESELLER, Scope(reseller_id=self.area.ids[who]))
        with self.shop.app.app_context(), writing(ctx) as tx:
            return action(tx, *args, **more)

    def refusal(self, action: Any, *args: Any, who: str) -> Any:
        """What the reseller is told about what it entered; None where it was taken."""
        from billhead.domain.errors import InvalidInput

        try:
            self.act(action, *args, who=who)
        except InvalidInput as error:
            return error
        return None

    def host(self, who: str, name: str) -> int:
        """Asked for by the reseller, confirmed by staff."""
        from billhead.actions.shops.ask_host import ask_host
        from billhead.actions.shops.confirm_host import confirm_host

        asked = self.act(ask_host, self.area.ids[who], name, who=who)
        self.act(confirm_host, asked.shop_host_id)
        return int(asked.shop_host_id)


def open_shops(area: Area) -> WhiteLabel:
    from billhead.actions.payments.save_gateway_account import AccountEntry
    from billhead.actions.shops.open_shop import NewShop, open_shop
    from billhead.actions.shops.save_shop_gateway import save_shop_gateway
    from billhead.actions.shops.set_shop_price import set_shop_price
    from billhead.domain.money import Money
    from billhead.models.payments import GatewayAccount
    from billhead.models.people import Reseller

    found = WhiteLabel(area)
    for who, code in SHOPS.items():
        row = area.shop.rows(Reseller, Reseller.id == area.ids[who])[0]
        area.shop.change(Reseller, row.id, rights={**row.rights, "own_shop": True})
        name = {"aurora": "Aurora TV", "gulf": "Gulf Streams"}[who]
        opened = found.act(open_shop, row.id, NewShop(code, name, gateways=("cards", "transfer")))
        found.sellers[who] = opened.seller_id
        entry = AccountEntry("", "Card")
        account = found.act(
            save_shop_gateway, row.id, "cards", entry, {"page": "https://pay.example/", "key": "k"}, who=who
        )
        found.accounts[who] = account
        found.tokens[who] = area.shop.rows(GatewayAccount, GatewayAccount.id == account)[0].callback_token
        found.act(set_shop_price, row.id, "basic", "1 month", Money(2500, "EUR"), who=who)
    return found


def with_gold(white: WhiteLabel) -> None:
    """Aurora sells Gold, with two screens, for 40.00 EUR a month; it takes 16.00 credits."""
    from billhead.actions.shops.set_shop_price import set_shop_price
    from billhead.db import writing
    from billhead.domain.context import Context
    from billhead.domain.money import Money
    from billhead.models.catalogue import Plan, Price, PriceBook
    from billhead.models.people import Reseller

    with white.shop.app.app_context(), writing(Context.system("test")) as tx:
        book = tx.session.query(PriceBook).filter_by(code="eur", seller_id=white.shop.seller_id).one()
        basic = tx.session.query(Plan).filter_by(code="basic").one()
        gold = Plan(
            seller_id=white.shop.seller_id, code="gold", name="Gold", kind="stream", connections=2,
            details=basic.details, tier=2,
        )  # fmt: skip
        tx.session.add(gold)
        tx.session.flush()
        tx.session.add(Price(book_id=book.id, plan_id=gold.id, term="1 month", amount_minor=1999, credit_minor=1600))
        (aurora,) = white.shop.rows(Reseller, Reseller.code == "aurora")
        row = tx.session.get_one(Reseller, aurora.id)
        row.rights = {**row.rights, "sells": [*row.rights["sells"], "gold"]}
    white.act(set_shop_price, white.area.ids["aurora"], "gold", "1 month", Money(4000, "EUR"), who="aurora")


@pytest.fixture
def white_label(sqlite_url: str, tmp_path: Path) -> Iterator[WhiteLabel]:
    """On SQLite."""
    shop = open_shop(sqlite_url, tmp_path / "home")
    yield open_shops(open_area(shop))
    close_app(shop.app)


@pytest.fixture
def any_white_label(database_url: str, tmp_path: Path) -> Iterator[WhiteLabel]:
    """On each engine in turn."""
    shop = open_shop(database_url, tmp_path / "home")
    yield open_shops(open_area(shop))
    close_app(shop.app)
