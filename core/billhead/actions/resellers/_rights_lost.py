"""Whom a reseller's new rights touch, it and everybody below it: counted before they are given."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.resellers._rights import Rights, effective_rights, stored_rights, within
from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers._trials import days_of_trials
from billhead.bulk import how_many
from billhead.domain.subscription import State
from billhead.models.catalogue import Plan
from billhead.models.people import Customer, Reseller, ResellerClosure
from billhead.models.resellers import ResellerKey
from billhead.models.shops import Shop
from billhead.models.subscriptions import Subscription, SubscriptionEvent

__all__ = ["RightsPreview", "rights_lost"]

_LIVE = Subscription.state.not_in([State.CANCELED.value, State.EXPIRED.value])


@dataclass(frozen=True, slots=True)
class RightsPreview:
    """`below`: resellers below it, which lose what it loses; `keys`: keys to the API that can do less.

    The rest is None where that right is not taken away. `not_sold`: subscriptions on plans that can't be sold any more;
    they run on and can be renewed. `not_ended`: users whom only the operator can end; `nothing_back`: who bring back no
    credits when they end. `trials_over`: trials of today above the new bound, which stay. `shops` that sell nothing
    new, and their `shop_customers`.
    """

    below: int
    keys: int = 0
    not_sold: int | None = None
    not_ended: int | None = None
    nothing_back: int | None = None
    trials_over: int | None = None
    shops: int | None = None
    shop_customers: int = 0


def rights_lost(session: Session, reseller: Reseller, wanted: Rights) -> RightsPreview:
    """What `wanted` takes away from what it really has: what whoever stands above it lacks, nobody loses."""
    had = _had(session, reseller)
    now = within(wanted, had[reseller.id])
    before = had[reseller.id]
    sells = set(before.sells) - set(now.sells)
    ends = before.terminate and not now.terminate
    back = before.refund_unused and not now.refund_unused
    tries = now.trials_per_day < before.trials_per_day
    shop = before.own_shop and not now.own_shop

    def users(right: Callable[[Rights], bool]) -> int:
        whose = [key for key, rights in had.items() if right(rights)]
        return how_many(session, Subscription.payer_reseller_id.in_(whose), Subscription.settlement == "credits", _LIVE)

    loses = sells or ends or back or tries or shop
    keys = how_many(session, ResellerKey.reseller_id.in_(had), ResellerKey.revoked_at.is_(None)) if loses else 0
    open_shops = select(Shop.seller_id).where(
        Shop.state == "open", Shop.reseller_id.in_([key for key, rights in had.items() if rights.own_shop])
    )
    return RightsPreview(
        len(had) - 1,
        keys,
        _not_sold(session, reseller.id, sells) if sells else None,
        users(lambda rights: rights.terminate) if ends else None,
        users(lambda rights: rights.refund_unused) if back else None,
        _trials_over(session, had, now.trials_per_day) if tries else None,
        how_many(session, Shop.seller_id.in_(open_shops)) if shop else None,
        how_many(session, Customer.seller_id.in_(open_shops)) if shop else 0,
    )


def _had(session: Session, reseller: Reseller) -> dict[int, Rights]:
    """The rights that it and each below it really have, those above before those below."""
    rows = session.execute(
        select(Reseller.id, Reseller.parent_id, Reseller.rights)
        .join(ResellerClosure, ResellerClosure.descendant_id == Reseller.id)
        .where(ResellerClosure.ancestor_id == reseller.id, ResellerClosure.depth > 0)
        .order_by(ResellerClosure.depth)
    )
    found = {reseller.id: effective_rights(session, reseller.id)}
    for key, parent, rights in rows:
        found[key] = within(stored_rights(rights), found[parent])
    return found


def _not_sold(session: Session, reseller_id: int, codes: set[str]) -> int:
    plans = select(Plan.id).where(Plan.code.in_(sorted(codes)))
    whose = Subscription.payer_reseller_id.in_(subtree(reseller_id))
    return how_many(session, whose, _LIVE, Subscription.plan_id.in_(plans))


def _trials_over(session: Session, had: Collection[int], most: int) -> int:
    """Of those that are open and were given today, by the calendar of each."""
    today = days_of_trials(session, had)
    given = session.execute(
        select(
            Subscription.payer_reseller_id,
            SubscriptionEvent.effective_on,
            func.count(Subscription.id.distinct()).label("trials"),
        )
        .join(SubscriptionEvent, SubscriptionEvent.subscription_id == Subscription.id)
        .where(
            Subscription.payer_reseller_id.in_(had),
            Subscription.state == State.TRIAL.value,
            SubscriptionEvent.kind == "trial_given",
            SubscriptionEvent.effective_on.in_(set(today.values())),
        )
        .group_by(Subscription.payer_reseller_id, SubscriptionEvent.effective_on)
    )
    over = 0
    for payer, day, trials in given:
        if payer is not None and day == today[payer]:
            over += max(trials - most, 0)
    return over
