"""Resellers: the list of the tree, one of them with all that is theirs, their subscribers and their statement."""

from collections.abc import Iterator
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, String, cast, func, literal, or_, select
from sqlalchemy.orm import aliased

from billhead import clock
from billhead.actions.catalogue._names import plan_names
from billhead.actions.resellers._rights import effective_rights, stored_rights
from billhead.actions.resellers._seen import expiring, figures_of, matches, seen_reseller, users_of
from billhead.actions.resellers._statement import KINDS, holds_of, statement_of
from billhead.actions.resellers._tree import subtree
from billhead.actions.shops._own import shop_of
from billhead.db import reading
from billhead.domain.ledger import AccountCode
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditHold, CreditLot
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.people import Customer, Reseller, ResellerClosure, User
from billhead.models.resellers import ResellerKey, ResellerOrder
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, staff_zone, trail_of, who
from billhead.web.admin.columns import Column, badge, code, instant, lasts, number, state, text, through
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.trail_names import name_logins
from billhead.web.formatting import money
from billhead.web.movements import what_moved, why_moved
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx
from billhead.web.speaking import marked, say, say_word

__all__ = ["RESELLERS", "statement_columns"]

_SHOWN = 10
_MOST_BELOW = 500
_parent = aliased(Reseller)
_lots = (
    select(func.coalesce(func.sum(CreditLot.remaining_minor), 0))
    .where(CreditLot.reseller_id == Reseller.id)
    .correlate(Reseller)
    .scalar_subquery()
)
_owes = (
    select(
        func.coalesce(
            func.sum(LedgerPosting.signed()),
            0,
        )
    )
    .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
    .where(
        LedgerAccount.seller_id == Reseller.seller_id,
        LedgerAccount.code == AccountCode.CREDITS_ISSUED.value,
        LedgerAccount.currency == CREDITS,
        LedgerAccount.subject == literal("credit_line:") + cast(Reseller.id, String),
    )
    .correlate(Reseller)
    .scalar_subquery()
)
_held = (
    select(func.coalesce(func.sum(CreditHold.amount_minor), 0))
    .where(CreditHold.reseller_id == Reseller.id, CreditHold.state == "held")
    .correlate(Reseller)
    .scalar_subquery()
)
_users = (
    select(func.count())
    .where(Subscription.payer_reseller_id == Reseller.id, Subscription.state != "canceled")
    .correlate(Reseller)
    .scalar_subquery()
)


def _credits(label: str, name: str) -> Column:
    def value(row: Any) -> str:
        return f"{Money(int(getattr(row, name)), CREDITS).decimal():f}"

    return Column(label, value, lambda row: money(int(getattr(row, name)), CREDITS), "num")


def _acts(row: Any) -> str:
    return "suspended" if row.suspended else "active"


def _matching(typed: str) -> ColumnElement[bool]:
    """Name or code; or one of its logins, or the mail of its customer."""
    logins = select(User.reseller_id).where(User.email.icontains(typed, autoescape=True))
    own = select(Customer.buys_for_reseller_id).where(Customer.email.icontains(typed, autoescape=True))
    return or_(
        Reseller.name.icontains(typed, autoescape=True),
        Reseller.code.icontains(typed, autoescape=True),
        Reseller.id.in_(logins),
        Reseller.id.in_(own),
    )


RESELLERS = Listing(
    name="resellers",
    title=marked("Resellers"),
    query=select(
        Reseller.id,
        Reseller.name,
        Reseller.code,
        Reseller.tier,
        Reseller.suspended,
        Reseller.parent_id,
        _parent.name.label("parent"),
        (_lots - _owes).label("balance_minor"),
        _held.label("held_minor"),
        _users.label("users"),
    )
    .outerjoin(_parent, _parent.id == Reseller.parent_id)
    .where(Reseller.removed_on.is_(None)),
    key=Reseller.id,
    columns=(
        text(marked("Name"), "name", to="reseller"),
        code(marked("Code"), "code"),
        Column(marked("Tier"), lambda row: row.tier, lambda row: say_word(row.tier)),
        text(marked("Below"), "parent", to="reseller", key="parent_id"),
        Column(marked("State"), _acts, lambda row: badge(_acts(row))),
        _credits(marked("Credits"), "balance_minor"),
        _credits(marked("Held"), "held_minor"),
        number(marked("Subscriptions"), "users"),
    ),
    choices=(Choice("tier", marked("Tier"), Reseller.tier, ("super_reseller", "reseller")),),
    search=_matching,
    search_label=marked("Name, code or e-mail"),
    narrow={"below": lambda key: Reseller.id.in_(subtree(key))},
    empty=marked("Add one here, or let people become one by buying a reseller plan."),
    lead=marked("Newest first; the page Reseller tree shows who stands below whom."),
)


@admin.get("/resellers")
@allow("staff")
def resellers() -> ResponseReturnValue:
    return RESELLERS.answer(
        add=url_for("admin.new_reseller"), add_label=say("Add a reseller"), add_needs="resellers.write"
    )


@admin.get("/resellers/tree")
@allow("staff")
def reseller_tree() -> ResponseReturnValue:
    """Page by page of those right below the operator, each with its whole tree."""
    tops = select(Reseller).where(Reseller.parent_id.is_(None), Reseller.removed_on.is_(None))
    with reading() as session:
        rows = page_of(session, tops, Reseller.id)
        below = session.scalars(
            select(Reseller)
            .join(ResellerClosure, ResellerClosure.descendant_id == Reseller.id)
            .where(ResellerClosure.ancestor_id.in_([row.id for row in rows.items]), ResellerClosure.depth > 0)
            .order_by(Reseller.name)
            .limit(_MOST_BELOW)
        ).all()
        figures = figures_of(session, [row.id for row in (*rows.items, *below)])
    children: dict[int, list[Reseller]] = {}
    for row in below:
        children.setdefault(row.parent_id or 0, []).append(row)
    placed = [one for row in rows.items for one in _placed(row, children, 0)]
    return page("admin/reseller_tree.html", rows=rows, placed=placed, figures=figures, more=len(below) == _MOST_BELOW)


def _placed(row: Reseller, children: dict[int, list[Reseller]], depth: int) -> Iterator[tuple[Reseller, int]]:
    yield row, depth
    for child in children.get(row.id, ()):
        yield from _placed(child, children, depth + 1)


@admin.get("/resellers/<int:key>")
@allow("staff")
def reseller(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = seen_reseller(session, current_ctx(), key)
        below = list(
            session.scalars(
                select(Reseller)
                .where(Reseller.parent_id == key, Reseller.removed_on.is_(None))
                .order_by(Reseller.name)
                .limit(_SHOWN)
            )
        )
        rights, effective = stored_rights(row.rights), effective_rights(session, key)
        lost = [code for code in rights.sells if code not in effective.sells]
        figures = figures_of(session, [key, *(child.id for child in below)])
        moves = session.execute(statement_of(row).order_by(LedgerEntry.id.desc()).limit(_SHOWN)).all()
        name_logins(session, moves)
        shown = {
            "below": below,
            "figures": figures,
            "above": session.scalars(
                select(Reseller)
                .join(ResellerClosure, ResellerClosure.ancestor_id == Reseller.id)
                .where(ResellerClosure.descendant_id == key, ResellerClosure.depth > 0)
                .order_by(ResellerClosure.depth.desc())
            ).all(),
            "shop": shop_of(session, key),
            "own": session.scalar(select(Customer).where(Customer.buys_for_reseller_id == key)),
            "logins": session.scalars(
                select(User).where(User.reseller_id == key).order_by(User.id).limit(_SHOWN)
            ).all(),
            "rights": rights,
            "effective": effective,
            "sells": plan_names(session, row.seller_id, effective.sells).values(),
            "lost": plan_names(session, row.seller_id, lost).values(),
            "users": session.execute(users_of(key, alone=True).order_by(Subscription.id.desc()).limit(_SHOWN)).all(),
            "moves": moves,
            "holds": session.execute(holds_of(key).order_by(CreditHold.id.desc()).limit(_SHOWN)).all(),
            "lots": session.scalars(
                select(CreditLot)
                .where(CreditLot.reseller_id == key, CreditLot.remaining_minor > 0)
                .order_by(CreditLot.id)
                .limit(_SHOWN)
            ).all(),
            "missing": session.scalar(
                select(func.sum(ResellerOrder.missing_minor))
                .join(Customer, Customer.id == ResellerOrder.customer_id)
                .where(Customer.buys_for_reseller_id == key)
            ),
            "keys": session.scalars(
                select(ResellerKey).where(ResellerKey.reseller_id == key).order_by(ResellerKey.id.desc()).limit(_SHOWN)
            ).all(),
            "trail": trail_of(session, f"reseller:{key}"),
        }
    return page("admin/reseller.html", reseller=row, what=what_moved, **shown)


@admin.get("/resellers/<int:key>/users")
@allow("staff")
def reseller_users(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = seen_reseller(session, current_ctx(), key)
    today = clock.today_in(staff_zone())
    return Listing(
        name=f"users-of-{row.code}",
        title=say("Subscribers of %(name)s and below", name=row.name),
        query=users_of(key),
        key=Subscription.id,
        columns=(
            text(marked("No."), "id", to="subscription"),
            text(marked("Name"), "name", to="customer", key="customer_id"),
            text("E-mail", "email"),
            text(marked("Plan"), "plan"),
            lasts(marked("Term"), "term"),
            state(marked("State"), "state"),
            through(marked("Paid until"), "paid_through"),
            code(marked("Login"), "login"),
            code("MAC", "mac"),
            text(marked("Reseller"), "reseller", to="reseller", key="reseller_id"),
        ),
        choices=(
            Choice(
                "state", marked("State"), Subscription.state, ("active", "trial", "suspended", "expired", "canceled")
            ),
        ),
        search=matches,
        search_label=marked("Name, e-mail, MAC or login"),
        narrow={
            "expiring": lambda days: expiring(today, min(days, 366)),
            "alone": lambda one: Customer.reseller_id == one,
        },
        empty=marked("It has no subscriber yet. It adds them in its own area."),
    ).answer()


def statement_columns() -> tuple[Column, ...]:
    return (
        instant(marked("When"), "at"),
        Column(marked("What"), lambda row: KINDS.get(row.kind, row.kind), what_moved),
        text(marked("For"), "user"),
        text(marked("Other side"), "other"),
        Column(marked("Who"), lambda row: row.actor or "", lambda row: who(row.actor or "–")),
        Column(marked("Why"), lambda row: row.reason, lambda row: why_moved(row.reason) or "–", "why"),
        _credits(marked("Before"), "before_minor"),
        _credits(marked("Change"), "change_minor"),
        _credits(marked("After"), "after_minor"),
        code(marked("Request"), "request_id"),
    )


@admin.get("/resellers/<int:key>/credits")
@allow("staff")
def reseller_statement(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = seen_reseller(session, current_ctx(), key)
    return Listing(
        name=f"credits-of-{row.code}",
        title=say("Credits of %(name)s", name=row.name),
        query=statement_of(row),
        key=LedgerEntry.id,
        columns=statement_columns(),
        read=name_logins,
        empty=marked("No credit has come in or gone out."),
    ).answer()
