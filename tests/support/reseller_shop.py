"""A super-reseller with a reseller below it and another beside, on the operator's two panels, and what they do.

A month of `basic` takes 10.00 credits, of `pair` (line and box) 16.00, Sport 2.50 more; a trial week takes 1.00. It is
noon of 22 November 2026, and everybody lives in UTC unless told.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.resellers.add_user import NewUser, UserAdded, add_user
from billhead.actions.resellers.grant_credits import grant_credits
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.resellers.terminate_user import terminate_user
from billhead.actions.resellers.transfer_credits import transfer_credits
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, PlanBouquet, Price, PriceBook
from billhead.models.credits import CreditHold, CreditLot
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.panels import Panel
from billhead.models.people import Customer, Reseller, ResellerClosure
from billhead.models.subscriptions import Service, Subscription
from two_panels import NOW, Operator

STAFF = Context.system("test")
SELLS = ["basic", "pair", "box", "week"]


def xcr(text: str) -> Money:
    return Money.parse(text, CREDITS)


@dataclass
class ResellerShop:
    operator: Operator
    known: dict[str, int] = field(default_factory=dict)

    # -- people

    def reseller(self, code: str, parent: str = "", *, zone: str = "UTC", **columns: Any) -> int:
        rights = {"sells": SELLS, "trials_per_day": 2, "terminate": True, "refund_unused": True}
        rights |= columns.pop("rights", {})
        with writing(STAFF) as tx:
            row = Reseller(
                seller_id=self.operator.seller_id, parent_id=self.known.get(parent), code=code, name=code.title(),
                tier="reseller", rights=rights, created_on=NOW.date(), **columns,
            )  # fmt: skip
            tx.session.add(row)
            tx.session.flush()
            above = select(ResellerClosure).where(ResellerClosure.descendant_id == self.known.get(parent))
            links = [(link.ancestor_id, link.depth + 1) for link in tx.session.scalars(above)]
            for ancestor, depth in [*links, (row.id, 0)]:
                tx.session.add(ResellerClosure(ancestor_id=ancestor, descendant_id=row.id, depth=depth))
            about = {"name": code.title(), "email": f"{code}@example.com", "country": "FI", "currency": "EUR"}
            tx.session.add(
                Customer(seller_id=row.seller_id, buys_for_reseller_id=row.id, zone=zone, created_at=NOW, **about)
            )
        self.known[code] = row.id
        return row.id

    def acting(self, code: str, **more: Any) -> Context:
        return Context(f"reseller:{code}", Role.RESELLER, Scope(reseller_id=self.known[code]), **more)

    # -- what they do

    def grant(self, code: str, amount: str, ctx: Context = STAFF, **more: Any) -> Any:
        with writing(ctx) as tx:
            return grant_credits(tx, self.known[code], xcr(amount), **more)

    def transfer(self, payer: str, to: str, amount: str | Money, ctx: Context | None = None) -> Any:
        money = amount if isinstance(amount, Money) else xcr(amount)
        with writing(ctx or self.acting(payer)) as tx:
            return transfer_credits(tx, self.known[payer], self.known[to], money)

    def add(self, code: str, plan: str = "basic", ctx: Context | None = None, **more: Any) -> UserAdded:
        more["addons"] = tuple(AddOnOrder(addon) for addon in more.get("addons", ()))
        with writing(ctx or self.acting(code)) as tx:
            return add_user(tx, self.known[code], NewUser(plan, "1 month", **{"name": "Viewer", **more}))

    def renew(self, subscription_id: int, ctx: Context) -> Any:
        with writing(ctx) as tx:
            return renew_user(tx, subscription_id)

    def terminate(self, subscription_id: int, ctx: Context) -> Any:
        with writing(ctx) as tx:
            return terminate_user(tx, subscription_id)

    # -- what is so

    def wallet(self, code: str) -> tuple[str, str, str]:
        """Credits available, held and consumed, by the ledger."""
        owed = func.sum(LedgerPosting.amount_minor)
        with reading() as session:
            rows = session.execute(
                select(LedgerAccount.code, LedgerPosting.side, owed)
                .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
                .where(LedgerAccount.subject == f"reseller:{self.known[code]}")
                .group_by(LedgerAccount.code, LedgerPosting.side)
            ).all()
        sums = dict.fromkeys(["credits_available", "credits_held", "credits_consumed"], 0)
        for account, side, minor in rows:
            sums[account] += int(minor) if side == "C" else -int(minor)
        return tuple(f"{Money(minor, CREDITS).decimal():f}" for minor in sums.values())

    def lots(self, code: str) -> list[tuple[str, int, int]]:
        query = select(CreditLot).where(CreditLot.reseller_id == self.known[code]).order_by(CreditLot.id)
        return [(lot.source, lot.remaining_minor, lot.cost_minor) for lot in self.rows(query)]

    def holds(self, code: str) -> list[tuple[int, str]]:
        query = select(CreditHold).where(CreditHold.reseller_id == self.known[code]).order_by(CreditHold.id)
        return [(hold.amount_minor, hold.state) for hold in self.rows(query)]

    def subscription(self, subscription_id: int) -> Subscription:
        with reading() as session:
            return session.get_one(Subscription, subscription_id)

    def lines(self, subscription_id: int) -> list[Service]:
        return self.rows(select(Service).where(Service.subscription_id == subscription_id).order_by(Service.id))

    def rows(self, query: Any) -> list[Any]:
        with reading() as session:
            return list(session.scalars(query))

    def faults(self) -> list[Any]:
        with reading() as session:
            return verify_ledger(session, b"key of the tests").faults


def _fill(shop: ResellerShop) -> None:
    operator = shop.operator
    with writing(STAFF) as tx:
        session, seller = tx.session, operator.seller_id
        codes = {name: session.get_one(Panel, panel_id).code for name, panel_id in operator.panels.items()}
        stream = {"kind": "stream", "panel": codes["xtream"], "panel_plan": ""}
        box = {"kind": "mag", "panel": codes["stalker"], "panel_plan": "BASIC"}
        book = PriceBook(seller_id=seller, code="eur", currency="EUR")
        session.add(book)
        session.flush()

        def plan(code: str, kind: str, details: dict[str, Any], **price: Any) -> int:
            row = Plan(seller_id=seller, code=code, name=code.title(), kind=kind, details=details)
            session.add(row)
            session.flush()
            session.add(Price(book_id=book.id, plan_id=row.id, term="1 month", amount_minor=1000, **price))
            return int(row.id)

        plan("basic", "stream", {"services": [stream]}, credit_minor=1000)
        plan("pair", "paired", {"services": [stream, box]}, credit_minor=1600)
        plan("box", "mag", {"services": [box]}, credit_minor=1000)
        trial = {"trial_term": "7 days", "trial_minor": 100, "trial_credit_minor": 100}
        plan("week", "stream", {"services": [stream], "once_per_customer": True}, credit_minor=1000, **trial)
        plan("gold", "stream", {"services": [stream]}, credit_minor=2000)
        sport = plan("sport", "bouquet", {"plans": ["basic"]}, credit_minor=250)
        session.add(PlanBouquet(plan_id=sport, bouquet_id=operator.bouquets["sport"]))


def open_reseller_shop(operator: Operator) -> ResellerShop:
    shop = ResellerShop(operator)
    _fill(shop)
    shop.reseller("aurora")
    shop.reseller("baltic", "aurora")
    shop.reseller("gulf")
    return shop
