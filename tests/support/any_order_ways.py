"""Every way to be billed in one life: by hand, ahead, afterwards, on one day of the month; and from one to the other.

What is shown before something is done is what it comes to; `check_books` holds what was written against everything.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from any_order_shop import DAY, REFUSED, Begins, Begun
from billing_shop import SYSTEM
from metered_shop import used
from sqlalchemy import or_

from billhead import clock
from billhead.actions.catalogue.set_lead_days import set_lead_days
from billhead.actions.subscriptions._given_days import NO_DAYS, give_days_to
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change, preview_change
from billhead.actions.subscriptions.hold import hold, preview_hold
from billhead.actions.subscriptions.keep import keep, preview_keep
from billhead.actions.subscriptions.renew_now import renew_now
from billhead.actions.subscriptions.restore import restore
from billhead.actions.subscriptions.resume import preview_resume, resume
from billhead.actions.subscriptions.set_auto_renew import set_auto_renew
from billhead.actions.subscriptions.set_billing_day import set_billing_day
from billhead.actions.subscriptions.set_timing import set_timing
from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.subscriptions.transfer import transfer
from billhead.actions.usage.record_events import record_events
from billhead.db import Tx, reading
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription


@dataclass(frozen=True)
class BeginsSomehow(Begins):
    """`way`: by_hand, calendar or afterwards. `ahead`: so many days before a period it is billed, or offered.
    `billing_day`: of the first customer. `adds_days`: plans add the missing days instead of giving back."""

    way: str = "by_hand"
    ahead: int = 0
    billing_day: int | None = None
    adds_days: bool = False
    renewal_from: str = "expiry"


@dataclass
class Ways(Begun):
    begins: BeginsSomehow = field(default_factory=BeginsSomehow)
    moved_on: date | None = None

    def _order(self) -> None:
        begins = self.begins
        self.shop.change(Customer, self.who[0], billing_day=begins.billing_day)
        for plan in self.shop.all(Plan):
            values = {"proration": "extend"} if begins.adds_days else {}
            self.shop.change(Plan, plan.id, renewal_from=begins.renewal_from, **values)
            self.do(set_lead_days, plan.id, {"": begins.ahead})
        super()._order()
        if begins.way != "by_hand":
            begun = self.row()
            due = begun.billed_through if begun.next_bill_on is None else begun.next_bill_on
            self.shop.change(Subscription, self.subscription, collection="auto", next_bill_on=due)
        if begins.way == "afterwards":
            self.attempt(set_timing, self.subscription, "arrears")

    # -- time

    def wait(self, days: int) -> None:
        self.on(self.today + days * DAY)

    # -- who asks, and what they were shown

    def by(self, staff: bool) -> Context:
        who = self.row().customer_id
        return SYSTEM if staff else Context(f"customer:{who}", Role.CUSTOMER, Scope(customer_id=who))

    def agrees(self, ctx: Context, verb: Any, *args: Any, seen: str, **named: Any) -> None:
        """What was shown is what is done: what could be shown is not refused for that."""
        try:
            self.do_as(ctx, verb, *args, seen=seen, **named)
        except Conflict as refused:
            if refused.code == "price_changed":
                raise AssertionError(f"{verb.__name__} {args} {named}: not {seen}") from refused
        except REFUSED:
            pass

    # -- what is had

    def changes(self, staff: bool, **wish: Any) -> None:
        asked, ctx = ChangeWish(self.subscription, **wish), self.by(staff)
        with suppress(*REFUSED):
            with reading() as session:
                seen = preview_change(Tx(ctx, session), asked).seen
            self.agrees(ctx, change, asked, seen=seen)

    def changes_plan(self, plan: str, staff: bool, when: str) -> None:
        self.changes(staff, plan=plan, **({"when": when} if staff else {}))

    def changes_screens(self, number: int, staff: bool) -> None:
        self.changes(staff, addons=(AddOnOrder("screen", number),) if number else ())

    def changes_term(self, months: int, staff: bool) -> None:
        self.changes(staff, term=f"{months} months")

    def corrects(self, plan: str, ago: int) -> None:
        self.changes(True, plan=plan, on=self.today - ago * DAY)

    def begins_anew(self, plan: str) -> None:
        self.changes(True, plan=plan, restart=True)

    def watches(self, minutes: int) -> None:
        if self.row().state in ("active", "past_due", "trial"):
            at = clock.business_now().isoformat()
            self.do(record_events, "panel", (used(self.subscription, minutes, at),))

    # -- holds, ends, hands

    def holds(self, days: int | None) -> None:
        ends = None if days is None else self.today + days * DAY
        with suppress(*REFUSED):
            with reading() as session:
                seen = preview_hold(Tx(SYSTEM, session), self.subscription, None, ends).seen
            self.agrees(SYSTEM, hold, self.subscription, None, ends, seen=seen)

    def resumes(self) -> None:
        with suppress(*REFUSED):
            seen = preview_resume(SYSTEM, self.subscription).seen
            self.agrees(SYSTEM, resume, self.subscription, seen=seen)

    def is_stopped_by_staff(self) -> None:
        self.attempt(suspend, self.subscription, "staff")

    def goes_on_by_staff(self) -> None:
        self.attempt(restore, self.subscription, "staff")

    def cancels(self, policy: str, ahead: int, money: str) -> None:
        on = max(self.today + ahead * DAY, self.row().started_on) if policy == "on_date" else None
        with suppress(*REFUSED):
            seen = preview_cancel(SYSTEM, self.subscription, policy, on=on, money=money).seen
            self.agrees(SYSTEM, cancel, self.subscription, policy, on=on, money=money, seen=seen)

    def keeps(self) -> None:
        with suppress(*REFUSED):
            self.agrees(SYSTEM, keep, self.subscription, seen=preview_keep(SYSTEM, self.subscription).seen)

    def is_given(self, days: int) -> None:
        nobody = or_(*(condition for condition, _ in NO_DAYS))
        if not self.shop.all(Subscription, nobody):
            self.attempt(give_days_to, self.subscription, days, "an outage")

    def is_handed_over(self, money: str) -> None:
        if self.moved_on == self.today:
            return
        now = self.row().customer_id
        to = next(one for one in self.who if one != now)
        if self.attempt(transfer, self.subscription, to, money):
            self.moved_on = self.today

    # -- how it is billed

    def is_billed_on(self, day: int | None) -> None:
        self.attempt(set_billing_day, self.row().customer_id, day)

    def is_billed(self, timing: str) -> None:
        self.attempt(set_timing, self.subscription, timing)

    def renews_by_itself(self, on: bool) -> None:
        self.attempt(set_auto_renew, self.subscription, on)

    def renews_now(self) -> None:
        self.attempt(renew_now, self.subscription)

    # -- money

    def pays_all(self) -> None:
        offers = Document.kind == "proforma", Document.state.in_(("open", "expired"))
        for document in [*self.shop.all(Document, *offers), *self.open_ones()]:
            with suppress(Conflict):
                self.pays(document.id, save=self.begins.card)
