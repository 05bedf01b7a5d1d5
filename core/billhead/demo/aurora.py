"""Aurora Media, a super-reseller of NorthCable, in the month that the demo lives through: its users and its shop."""

from dataclasses import dataclass, replace

from sqlalchemy import select

from billhead.actions.accounts._new_login import new_login
from billhead.actions.accounts.add_customer import NewCustomer, add_customer
from billhead.actions.accounts.update_profile import Profile
from billhead.actions.helping.save_article import ArticleEntry
from billhead.actions.payments.save_gateway_account import AccountEntry
from billhead.actions.resellers._rights import stored_rights
from billhead.actions.resellers.add_user import NewUser, add_user
from billhead.actions.resellers.edit_user import UserFacts, edit_user
from billhead.actions.resellers.grant_credits import grant_credits
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.resellers.set_own_price import set_own_price
from billhead.actions.resellers.set_reseller import ResellerEntry, set_reseller
from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.actions.shops._entry import ShopEntry
from billhead.actions.shops._own import shop_of
from billhead.actions.shops._prices import list_prices, prices_of_shop
from billhead.actions.shops.book_shop_money import book_shop_money
from billhead.actions.shops.open_shop import NewShop, open_shop
from billhead.actions.shops.save_shop_article import save_shop_article
from billhead.actions.shops.save_shop_department import save_shop_department
from billhead.actions.shops.save_shop_gateway import save_shop_gateway
from billhead.actions.shops.set_shop import set_shop
from billhead.actions.shops.set_shop_looks import ShopLooks, set_shop_looks
from billhead.actions.shops.set_shop_price import set_shop_price
from billhead.actions.shops.set_shop_trial import set_shop_trial
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.actions.support.save_department import DepartmentEntry
from billhead.db import Tx, writing
from billhead.domain.context import Context, Role
from billhead.domain.errors import NotFound
from billhead.domain.money import CREDITS, Money
from billhead.domain.price_steps import marked_up
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount
from billhead.models.people import Reseller, User
from billhead.models.subscriptions import Subscription

__all__ = ["SHOP_PATH", "Aurora"]

_SYSTEM = Context.system("demo")
_CODE, _BELOW = "aurora", "baltic-view"
SHOP_PATH = "aurora-tv"
_USERS = {  # days before the last → plan, term, name, and what Aurora has noted of them
    29: ("basic-stream", "1 month", "Elsa Lindqvist", "Pays in cash, on the first Saturday."),
    28: ("family-stream", "1 month", "Nils Åkesson", ""),
    27: ("premium-stream", "1 month", "Maja Holm", "Has asked for a box."),
    25: ("basic-stream", "3 months", "Viktor Sund", ""),
    23: ("family-stream", "1 month", "Ida Bergström", ""),
    19: ("basic-stream", "1 month", "Oskar Dahl", ""),
    14: ("premium-stream", "3 months", "Alva Nyström", ""),
    9: ("basic-stream", "1 month", "Hugo Ek", ""),
    4: ("family-stream", "1 month", "Saga Wallin", ""),
}
_OWN_PRICES = {"basic-stream": 1190, "family-stream": 1790, "premium-stream": 2390}  # cents a month
_SHOP_DAY, _ORDER_DAY, _RENEWAL_DAY = 18, 12, 2
_TRIAL = 150  # cents
_TERMS = ("1 month", "3 months", "12 months")
_MARK_UP = 150_000  # parts per million above the operator's list
_SHOP_CUSTOMERS = (
    ("Vera Sjöberg", "viewer@aurora.example", "basic-stream"),
    ("Leo Norén", "leo@aurora.example", "family-stream"),
)


@dataclass(frozen=True, slots=True)
class Aurora:
    reseller_id: int
    below_id: int

    @classmethod
    def of(cls) -> "Aurora":
        with writing(_SYSTEM) as tx:
            ids = {one.code: one.id for one in tx.session.scalars(select(Reseller))}
        return cls(ids[_CODE], ids[_BELOW])

    def act(self, left: int) -> None:
        """What it does on the day that is so many before the last."""
        with writing(_SYSTEM) as tx:
            if left == max(_USERS):
                self._begin(tx)
            if left in _USERS:
                self._add(tx, *_USERS[left])
            if left == _SHOP_DAY:
                self._open_shop(tx)
            if left == _ORDER_DAY:
                self._sell(tx)
            if left == _RENEWAL_DAY:
                self._renew(tx)

    def _begin(self, tx: Tx) -> None:
        credits, cost = Money(50_000, CREDITS), Money(30_000, "EUR")
        grant_credits(tx, self.reseller_id, credits, cost=cost, reference="demo:aurora")
        transfer_credits(tx, self.reseller_id, self.below_id, Money(4_000, CREDITS))
        for plan, cents in _OWN_PRICES.items():
            set_own_price(tx, self.reseller_id, plan, "1 month", Money(cents, "EUR"))

    def _add(self, tx: Tx, plan: str, term: str, name: str, noted: str) -> None:
        email = f"{name.split()[0].lower()}@aurora.example"
        added = add_user(tx, self.reseller_id, NewUser(plan, term, name=name, email=email, language="en"))
        if noted:
            edit_user(tx, added.subscription_id, UserFacts(name, email, note=noted))

    def _renew(self, tx: Tx) -> None:
        """Its first user, for longer than before."""
        first = select(Subscription.id).where(Subscription.payer_reseller_id == self.reseller_id)
        renew_user(tx, tx.session.scalars(first.order_by(Subscription.id).limit(1)).one(), "3 months")

    def _open_shop(self, tx: Tx) -> None:
        reseller = tx.session.get_one(Reseller, self.reseller_id)
        rights = replace(stored_rights(reseller.rights), own_shop=True, floor_percent=80)
        set_reseller(tx, reseller.id, ResellerEntry(reseller.name, rights))
        wanted = NewShop(SHOP_PATH, "Aurora TV", mail_from="tv@aurora.example", gateways=["bank_transfer"])
        open_shop(tx, reseller.id, wanted)
        place = ShopEntry("Aurora TV", "Aurora Media AB", "tv@aurora.example", "Sveavägen 44", "111 34", "Stockholm")
        set_shop(tx, reseller.id, place)
        set_shop_looks(tx, reseller.id, ShopLooks("midnight", {"accent": "#7a1f5c"}, {}))
        bank = {
            "holder": "Aurora Media AB",
            "iban": "SE4550000000058398257466",
            "bic": "ESSESESS",
            "bank": "Example Bank",
        }
        save_shop_gateway(tx, reseller.id, "bank_transfer", AccountEntry("", "Bank transfer", position=1), bank)
        save_shop_department(tx, reseller.id, DepartmentEntry("Questions"))
        told = "Write to us in your account under *Help*. We answer within a day, in Swedish and English."
        save_shop_article(tx, reseller.id, ArticleEntry("How to reach us", "About us", "en", told, published=True))
        self._price(tx)

    def _price(self, tx: Tx) -> None:
        """Short terms and the year, so much above the operator's list; the others are not for sale yet."""
        own = shop_of(tx.session, self.reseller_id)
        if own is None:
            raise NotFound("shop", SHOP_PATH)
        rows = prices_of_shop(tx.session, own)
        listed = list_prices(tx.session, own, {one.plan.id: one.plan for one in rows})
        for one in rows:
            price = listed.get((one.plan.id, one.term))
            if price is None or one.term not in _TERMS:
                continue
            asked = marked_up(price, _MARK_UP, one.least)
            set_shop_price(tx, self.reseller_id, one.plan.code, one.term, asked)
            if one.trial is not None:
                set_shop_trial(tx, self.reseller_id, one.plan.code, one.term, Money(_TRIAL, "EUR"))

    def _sell(self, tx: Tx) -> None:
        """Two people order in its shop: the first has paid, and signs in with the demo's password."""
        own = shop_of(tx.session, self.reseller_id)
        if own is None:
            raise NotFound("shop", SHOP_PATH)
        for place, (name, email, plan) in enumerate(_SHOP_CUSTOMERS):
            profile = Profile(name, "", "", "Storgatan 5", "111 23", "Stockholm", "SE", "", "Europe/Stockholm")
            buyer = add_customer(tx, own.seller.id, NewCustomer(email, profile)).customer_id
            document_id = start_subscription(tx, Order(buyer, plan, "1 month")).document_id
            if place == 0:
                self._pay(tx, document_id)
                like = tx.session.scalars(select(User).where(User.email == "viewer@northcable.example")).one()
                login = new_login(tx, own.seller.id, email, Role.CUSTOMER.value, customer_id=buyer)
                login.password_hash = like.password_hash

    def _pay(self, tx: Tx, document_id: int) -> None:
        own = tx.session.get_one(Document, document_id)
        account = select(GatewayAccount.id).where(GatewayAccount.seller_id == own.seller_id)
        account_id = tx.session.scalars(account).one()
        book_shop_money(tx, self.reseller_id, document_id, account_id, own.total_minor, own.currency, "demo-transfer-1")
