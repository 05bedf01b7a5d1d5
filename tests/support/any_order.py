"""Everything that can happen to a subscription and its money, each by the verb that a shop has for it, told to a
`DayLedger` at the same time. `check` holds what was written against that ledger, and everything against everything.
"""

from dataclasses import dataclass, field
from datetime import date

from any_order_shop import DAY, PRICES, Begun
from day_ledger import Calendar, DayLedger, Had
from metered_shop import used

from billhead import clock
from billhead.actions.billing.run import RunReport
from billhead.actions.subscriptions._given_days import give_days_to
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.change import AddOnOrder, ChangeWish, change
from billhead.actions.subscriptions.hold import hold
from billhead.actions.subscriptions.keep import keep
from billhead.actions.subscriptions.restore import restore
from billhead.actions.subscriptions.resume import resume
from billhead.actions.subscriptions.suspend import suspend
from billhead.actions.subscriptions.transfer import transfer
from billhead.actions.usage.record_events import record_events
from billhead.models.subscriptions import Subscription


@dataclass
class Life(Begun):
    """What is billed by the calendar, in advance."""

    days: DayLedger = field(init=False)
    minutes: list[tuple[date, int]] = field(default_factory=list)
    handed_over_on: date | None = None

    # -- it begins

    def _order(self) -> None:
        super()._order()
        begins, due = self.begins, self.row().billed_through
        # without a card it is billed by the calendar all the same, and owed for
        self.shop.change(Subscription, self.subscription, collection="auto", next_bill_on=due)
        first = self.today if begins.trial is None else self.today + 7 * DAY
        self.days = DayLedger(
            PRICES,
            first,
            {self.today: Had(self.who[0], "basic")},
            [Calendar(self.today, first, 1)],
            first,
            25 if begins.coupon is not None else 0,
            begins.coupon or None,
            begins.trial or 0,
            self.who[0],
        )
        self.days.bill(self.today)

    # -- time

    def wait(self, days: int) -> None:
        for _ in range(days):
            self.on(self.today + DAY)
            self.days.night(self.today)
            self._as_it_stands()

    def _something_is_due(self) -> bool:
        leaves = self.days.leaves
        return super()._something_is_due() or (leaves is not None and leaves <= self.today + DAY)

    def settle_down(self) -> RunReport:
        report = super().settle_down()
        self._as_it_stands()
        self.days.bill(self.today)
        return report

    def _as_it_stands(self) -> None:
        """What dunning and payments have stopped, ended and started again is history too."""
        row, days = self.row(), self.days
        if row.state == "canceled":
            if days.leaves is None or days.leaves > self.today:
                days.leaves_on(self.today, self._paid_days(self.today), self.today)
            days.runs = False
        elif row.state == "suspended" and days.runs:
            days.is_stopped()
        elif row.state != "suspended" and not days.runs:
            days.goes_on(self.today)

    # -- what is had

    def changes_plan(self, plan: str) -> None:
        if self.attempt(change, ChangeWish(self.subscription, plan=plan, when="immediate")):
            self.days.changes(self.today, plan=plan)

    def changes_screens(self, number: int) -> None:
        wanted = (AddOnOrder("screen", number),) if number else ()
        if self.attempt(change, ChangeWish(self.subscription, addons=wanted, when="immediate")):
            self.days.changes(self.today, screens=number)

    def changes_term(self, months: int) -> None:
        if self.begins.coupon is not None:
            return  # which cycle of another length a coupon still holds for is told in its own tests
        wish = ChangeWish(self.subscription, term=f"{months} months", when="immediate")
        if self.attempt(change, wish):
            self.days.has_other_terms(self.today, months)

    def corrects(self, plan: str, ago: int) -> None:
        day = self.today - ago * DAY
        if day < self.days.begins or any(day <= start for start in self.days.had if start > self.days.begins):
            return  # a past that was changed since is corrected step by step
        if self.attempt(change, ChangeWish(self.subscription, plan=plan, on=day)):
            self.days.changes(day, plan=plan)

    def plans(self, plan: str) -> None:
        day = max(self.days.billed_to, self.today)
        if self.attempt(change, ChangeWish(self.subscription, plan=plan, when="end_of_term")):
            self.days.changes(day, plan=plan)

    def watches(self, minutes: int) -> None:
        if not self.days.runs:
            return
        at = clock.business_now().isoformat()
        self.do(record_events, "panel", (used(self.subscription, minutes, at),))
        self.minutes.append((self.today, minutes))

    # -- holds, ends, hands

    def holds(self) -> None:
        if self.attempt(hold, self.subscription):
            self.days.stands_still(self.today)

    def resumes(self) -> None:
        if self.attempt(resume, self.subscription):
            self.days.goes_on(self.today)

    def is_stopped_by_staff(self) -> None:
        if self.attempt(suspend, self.subscription, "staff"):
            self._as_it_stands()

    def goes_on_by_staff(self) -> None:
        if self.attempt(restore, self.subscription, "staff"):
            self._as_it_stands()

    def cancels(self, ahead: int, money: str) -> None:
        day = max(self.today + ahead * DAY, self.row().started_on)
        charged_to = day if money == "credit" else self._paid_days(day)
        if self.attempt(cancel, self.subscription, "on_date", on=day, money=money):
            self._drop_plans()
            self.days.leaves_on(day, charged_to, self.today)

    def _paid_days(self, leaves: date) -> date:
        """Days that are paid stay so; of those that are not, nobody owes what lies behind the end."""
        paid = self.row().paid_through or leaves
        return max(leaves, min(self.days.billed_to, paid))

    def keeps(self) -> None:
        canceled = self.days.leaves is not None
        if self.attempt(keep, self.subscription):
            self._drop_plans()
            if canceled:
                self.days.stays()

    def _drop_plans(self) -> None:
        for day in [day for day in self.days.had if day > self.today]:
            del self.days.had[day]

    def is_given(self, days: int) -> None:
        if self.days.runs and self.attempt(give_days_to, self.subscription, days, "an outage"):
            self.days.is_given(days, self.today)

    def is_handed_over(self, money: str) -> None:
        if self.handed_over_on == self.today:
            return
        now = self.row().customer_id
        to = next(one for one in self.who if one != now)
        if self.attempt(transfer, self.subscription, to, money):
            self._drop_plans()
            self.days.changes(self.today, who=to)
            self.handed_over_on = self.today
