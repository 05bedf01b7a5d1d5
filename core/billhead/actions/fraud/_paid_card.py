"""An order is looked at again when it is paid with a card that is saved: only then its card is known.

Nobody is refused here, and no network is asked: what would have refused the order before now holds it for staff, since
its money has come. The order's line gets no time until they have decided.
"""

from collections.abc import Mapping

from sqlalchemy import select, update

from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.fraud._case import tell_held
from billhead.actions.fraud._checks import house_says, sum_up
from billhead.actions.fraud._facts import entries_of
from billhead.actions.fraud._looking_again import doubted_now, known_facts
from billhead.actions.fraud._screening import checks_of
from billhead.actions.fraud._trials import lock_trials
from billhead.actions.scheduling import enqueue
from billhead.db import Tx
from billhead.domain.fraud import CaseState, rules_from
from billhead.models.fraud import FraudCase
from billhead.models.payments import PaymentMethod
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription

__all__ = ["screen_paid_card", "wait_for_other_trials"]

_ABOUT_CARDS = ("lists", "velocity", "country")


def wait_for_other_trials(tx: Tx, document_id: int) -> None:
    """Before a card is saved with the payment of a trial: of two at once with one card, the second sees the first."""
    query = select(Subscription.plan_id).where(
        Subscription.id.in_(subscriptions_of(tx.session, document_id)), Subscription.phase == "trial"
    )
    lock_trials(tx, tx.session.scalars(query).all())


def screen_paid_card(tx: Tx, document_id: int, method: PaymentMethod, repeated: Mapping[int, int]) -> None:
    """`repeated`: subscription id → another customer with this card who has had its trial."""
    if not method.fingerprint:
        return
    mine = select(FraudCase.id, FraudCase.subscription_id).where(FraudCase.document_id == document_id)
    ordered = tx.session.execute(mine.order_by(FraudCase.subscription_id)).all()
    for case_id, subscription_id in ordered:  # one for each plan of the order
        if subscription_id is not None:
            _screen(tx, case_id, subscription_id, method, repeated)


def _screen(tx: Tx, case_id: int, subscription_id: int, method: PaymentMethod, repeated: Mapping[int, int]) -> None:
    case = _locked(tx, case_id, subscription_id)
    if case.state not in (CaseState.PASSED, CaseState.REVIEW):
        return
    rules = rules_from(tx.session.get_one(Seller, case.seller_id).fraud)
    if case.card != method.fingerprint and checks_of(rules):
        # those of plugins may ask the network: a job does it, and the line waits for it
        enqueue(tx, "fraud.ask_again", {"case_id": case.id}, key=f"ask_again:{case.id}:{method.id}")
        _hold(tx, subscription_id)
    case.card = method.fingerprint
    case.facts = {**case.facts, "card_country": method.country}
    said = house_says(known_facts(tx, case, rules), rules, entries_of(tx.session, case.seller_id))
    said = {name: (reasons, "") for name, (reasons, _) in said.items() if name in _ABOUT_CARDS}
    known = {one["why"] for one in case.reasons}
    now = sum_up(rules, said)
    new = [one for one in now.reasons if one["why"] not in known]
    if subscription_id in repeated:
        why = f"customer {repeated[subscription_id]} has had the trial with this card"
        new.append({"check": "trial", "why": why, "weight": 0, "verdict": "review"})
    if doubted_now(case, rules, new):
        tell_held(tx, case, waits=_hold(tx, subscription_id))


def _locked(tx: Tx, case_id: int, subscription_id: int) -> FraudCase:
    """Its subscription is locked before it, as whoever decides or cancels it."""
    tx.session.flush()
    tx.session.get_one(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    return tx.session.get_one(FraudCase, case_id, with_for_update=True, populate_existing=True)


def _hold(tx: Tx, subscription_id: int) -> bool:
    """Does a line wait now? One that was given its time already keeps it: the card was told of late."""
    tx.session.flush()
    waiting = (
        Service.subscription_id == subscription_id,
        Service.lifecycle == "wanted",
        Service.desired_expires_at.is_(None),
    )
    held = tx.session.scalars(update(Service).where(*waiting).values(in_review=True).returning(Service.id)).all()
    tx.session.expire_all()
    return bool(held)
