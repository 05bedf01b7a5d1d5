"""What happens at NorthCable beside billing in the month that the demo lives through: who does what, on which day."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from billhead import clock
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.actions.coupons.redeem_coupon import redeem_coupon
from billhead.actions.helping.save_announcement import AnnouncementEntry, save_announcement
from billhead.actions.helping.save_announcement_text import save_announcement_text
from billhead.actions.helping.save_article import ArticleEntry, save_article
from billhead.actions.helping.set_status import set_status
from billhead.actions.rates.import_rates import import_rates
from billhead.actions.sellers.set_referral_rules import set_referral_rules
from billhead.actions.support.answer_ticket import answer_ticket
from billhead.actions.support.open_dispute import open_dispute
from billhead.actions.support.open_ticket import NewTicket, open_ticket
from billhead.actions.support.reply_to_ticket import reply_to_ticket
from billhead.actions.support.save_reply import ReplyEntry, save_reply
from billhead.actions.usage.record_events import record_events
from billhead.db import Tx, writing
from billhead.demo.aurora import Aurora
from billhead.demo.letters import ARTICLES, DISPUTE, DISPUTE_DAY, NEWS, READY_ANSWERS, STATUS, TICKETS, Talk
from billhead.domain.context import Context, Role, Scope
from billhead.domain.referral import ReferralRules
from billhead.models.catalogue import Plan
from billhead.models.documents import Document, DocumentLine
from billhead.models.panels import Panel
from billhead.models.people import User
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import Department, Ticket
from billhead.plugin import UsageReading

__all__ = ["Everyday"]

_SYSTEM = Context.system("demo")
_RATES = {"USD": Decimal("1.0850"), "JPY": Decimal("163.40"), "KWD": Decimal("0.3335")}
"""What a euro is in the example, give or take a little from day to day. They are nobody's."""
_RATE_DAYS, _FIRST_RATES = 60, 29
_METERED, _HOURS = "basic-enigma2", "2.5"


@dataclass(slots=True)
class Everyday:
    """`act` on each day, by how many are left until the last."""

    seller_id: int
    staff: Context
    aurora: Aurora

    @classmethod
    def of(cls, seller_id: int) -> "Everyday":
        with writing(_SYSTEM) as tx:
            staff_id = tx.session.scalars(select(User.id).where(User.role == Role.STAFF.value)).one()
        everything = Scope(everything=True)
        staff = Context(f"staff:{staff_id}", Role.STAFF, everything, frozenset({"*"}), user_id=staff_id)
        return cls(seller_id, staff, Aurora.of())

    def act(self, left: int) -> None:
        with writing(self.staff) as tx:
            if left == _FIRST_RATES:
                self._prepare(tx)
            self._rates(tx, _RATE_DAYS if left == _FIRST_RATES else 1)
            self._watched(tx)
        for talk in TICKETS:
            if talk.opened == left:
                self._write(talk)
            elif talk.opened - 1 == left and talk.answer:
                self._answer(talk)
        if left == DISPUTE_DAY:
            self._dispute()
        self.aurora.act(left)
        if left == 0:
            self._news()

    def _prepare(self, tx: Tx) -> None:
        """What is there before anybody comes: help, prepared answers, coupons, a reward for friends."""
        for title, category, body in ARTICLES:
            save_article(tx, self.seller_id, ArticleEntry(title, category, "en", body, published=True, in_shops=True))
        for name, body in READY_ANSWERS:
            save_reply(tx, self.seller_id, ReplyEntry(name, "en", body))
        coupons = (
            NewCoupon("WINTER20", "percent", "Winter, 20 % for three terms", percent_ppm=200_000, cycles=3),
            NewCoupon("FIVE", "fixed", "Five euros off", amount_minor=500, currency="EUR", uses_per_customer=1),
            NewCoupon("WELCOME", "percent", "New customers", percent_ppm=500_000, first_order=True, new_customers=True),
        )
        for coupon in coupons:
            create_coupon(tx, self.seller_id, coupon)
        set_referral_rules(tx, self.seller_id, ReferralRules(on=True, rewards={"EUR": (500, 300), "USD": (550, 330)}))
        query = select(Subscription.id).where(
            Subscription.settlement == "invoice", Subscription.currency == "EUR", Subscription.state == "active"
        )
        for place, key in enumerate(tx.session.scalars(query.order_by(Subscription.id)).all()):
            if place % 5 == 0:
                redeem_coupon(tx, key, coupons[place // 5 % 2].code)

    def _rates(self, tx: Tx, days: int) -> None:
        """Of today and of the days before it."""
        lines = [",".join(("Date", *_RATES))]
        today = clock.business_now().date()
        for day in (today - timedelta(days=back) for back in range(days)):
            swing = Decimal(day.toordinal() % 9 - 4) / 1000
            lines.append(",".join((day.isoformat(), *(f"{rate * (1 + swing):.4f}" for rate in _RATES.values()))))
        import_rates(tx, "\n".join(lines), "Example rates")

    def _watched(self, tx: Tx) -> None:
        """Who has a metered plan watches some hours of catch-up, each on days of their own."""
        query = select(Subscription.id).join(Plan, Plan.id == Subscription.plan_id)
        now = clock.business_now()
        readings = [
            UsageReading(f"catchup-{key}-{now:%Y%m%d}", f"subscription:{key}", "catchup", _HOURS, now)
            for key in tx.session.scalars(query.where(Plan.code == _METERED, Subscription.state == "active"))
            if (now.toordinal() + key) % 3
        ]
        if readings:
            record_events(tx, "panel", readings)

    def _write(self, talk: Talk) -> None:
        with writing(_SYSTEM) as tx:
            query = select(Subscription.customer_id, Service.id).join(
                Service, Service.subscription_id == Subscription.id
            )
            lines = tx.session.execute(query.order_by(Service.id)).all()
            theirs = lines[talk.who % len(lines)]
            customer = _as_customer(tx, theirs.customer_id)
            department_id = _department(tx, self.seller_id)
        with writing(customer) as tx:
            wanted = NewTicket(department_id, talk.subject, talk.asks, service_id=theirs.id, priority=talk.priority)
            open_ticket(tx, theirs.customer_id, wanted)

    def _answer(self, talk: Talk) -> None:
        with writing(self.staff) as tx:
            ticket = tx.session.scalars(select(Ticket).where(Ticket.subject == talk.subject)).one()
            if talk.note:
                answer_ticket(tx, ticket.id, talk.note, "note")
            answer_ticket(tx, ticket.id, talk.answer, talk.afterwards)
            customer = _as_customer(tx, ticket.customer_id)
        if talk.reply:
            with writing(customer) as tx:
                reply_to_ticket(tx, ticket.id, talk.reply)

    def _dispute(self) -> None:
        """The newest invoice is not agreed with."""
        with writing(_SYSTEM) as tx:
            newest = select(Document).where(Document.kind == "invoice", Document.seller_id == self.seller_id)
            invoice = tx.session.scalars(newest.order_by(Document.id.desc()).limit(1)).one()
            lines = select(DocumentLine.id).where(DocumentLine.document_id == invoice.id, DocumentLine.net_minor > 0)
            line_id = tx.session.scalars(lines.order_by(DocumentLine.id).limit(1)).one()
            customer, department_id = _as_customer(tx, invoice.customer_id), _department(tx, self.seller_id)
        with writing(customer) as tx:
            open_dispute(tx, invoice.id, line_id, "not_delivered", DISPUTE, department_id)

    def _news(self) -> None:
        """What is told to everybody on the last day, in the demo's language and another one."""
        now = clock.business_now()
        with writing(self.staff) as tx:
            panels = tx.session.scalars(select(Panel.id).order_by(Panel.id)).all()
            for panel_id, (name, said, words) in zip(panels, STATUS, strict=True):
                set_status(tx, panel_id, name, said, words)
            for title, body, german, pinned in NEWS:
                entry = AnnouncementEntry(title, body, now, now + timedelta(days=14), pinned=pinned, in_shops=True)
                key = save_announcement(tx, self.seller_id, entry)
                save_announcement_text(tx, self.seller_id, key, "de", *german)


def _as_customer(tx: Tx, customer_id: int) -> Context:
    """By their login, where they have one."""
    user_id = tx.session.scalar(select(User.id).where(User.customer_id == customer_id).order_by(User.id).limit(1))
    if user_id is None:
        return _SYSTEM
    return Context(f"customer:{user_id}", Role.CUSTOMER, Scope(customer_id=customer_id), user_id=user_id)


def _department(tx: Tx, seller_id: int) -> int:
    return tx.session.scalars(select(Department.id).where(Department.seller_id == seller_id)).one()
