"""The switch for automatic renewal: off, the subscription ends when its paid time does; on, it goes on, and a saved
method is charged where there is one."""

from dataclasses import dataclass, replace
from datetime import date

from billhead import clock
from billhead.actions.billing.next_document import Upcoming, next_document
from billhead.actions.documents._days_bought import let_trusted_days_come
from billhead.actions.documents._subscriptions import open_offers
from billhead.actions.payments._methods import first_usable, ways_to_save
from billhead.actions.rehearse import rehearse
from billhead.actions.subscriptions._billing_day import onto_day
from billhead.actions.subscriptions._offers import subscription_to_end
from billhead.actions.subscriptions._scheduled import last_cancel
from billhead.actions.subscriptions._state import visible_subscription
from billhead.actions.subscriptions._taking_steps import look_again
from billhead.actions.subscriptions.cancel import cancel
from billhead.actions.subscriptions.keep import keep
from billhead.actions.verb import note, verb
from billhead.db import Tx, reading
from billhead.domain.context import Context
from billhead.domain.document import ProformaState
from billhead.domain.errors import BillheadError, Conflict
from billhead.domain.subscription import RUNNING, State
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["AutoRenew", "Standing", "Switched", "preview_auto_renew", "set_auto_renew"]


@dataclass(frozen=True, slots=True)
class Standing:
    """`way`: charged (a saved method, by itself), invoiced (it goes on and is owed for, with nothing to charge),
    by_hand (an offer comes, and is paid or not) or ends. `method` is what is charged. `upcoming` is the next document;
    `ends_on` the first day without service: of what ends, and of what nobody pays."""

    way: str
    method: str
    ends_on: date | None
    upcoming: Upcoming

    @property
    def on(self) -> bool:
        return self.way in ("charged", "invoiced")


@dataclass(frozen=True, slots=True)
class AutoRenew:
    """How it stands, and what the switch would do: `then` is how it stands afterwards. None: it can't be switched,
    and `refusal` says why not, where there is a reason to tell."""

    now: Standing
    then: Standing | None = None
    refusal: BillheadError | None = None

    @property
    def on(self) -> bool:
        return self.now.on


@dataclass(frozen=True, slots=True)
class Switched:
    """`way`: as in Standing, afterwards. Turned on it may be by_hand: its end is taken back, and no method is saved."""

    subscription_id: int
    way: str


def preview_auto_renew(ctx: Context, subscription_id: int) -> AutoRenew:
    """Raises NotFound."""
    with reading() as session:
        now = _standing(Tx(ctx, session), subscription_id)

    def switched(tx: Tx) -> Standing:
        set_auto_renew(tx, subscription_id, not now.on)
        return _standing(tx, subscription_id)

    try:
        return AutoRenew(now, rehearse(replace(ctx, idempotency_key=None), switched))
    except BillheadError as refused:
        return AutoRenew(now, refusal=refused)


@verb("subscriptions.set_auto_renew")
def set_auto_renew(tx: Tx, subscription_id: int, on: bool) -> Switched:
    """Off cancels at the end of the paid time; on takes that back, or has the customer's first saved method charged for
    what was renewed by hand. What stands so already stays.

    Raises NotFound, NotAllowed (a guard, or staff have ended it), or Conflict where there is nothing to switch.
    """
    subscription = (visible_subscription if on else subscription_to_end)(tx, subscription_id)
    if subscription.state not in [one.value for one in RUNNING] or subscription.settlement != "invoice":
        raise Conflict(f"this subscription is {subscription.state}: it can't be renewed now")
    if on and subscription.service_ends_on is not None:
        if last_cancel(tx, subscription_id) is None:
            raise Conflict("this subscription is about to end", hint="order it anew")
        keep(tx, subscription_id)
    elif on and _charged(tx, subscription) is None:
        _charge(tx, subscription)
    elif not on and subscription.service_ends_on is None:
        if subscription.paid_through is None or subscription.paid_through <= clock.today_in(subscription.zone):
            raise Conflict("nothing is paid beyond today", hint="cancel it instead")
        cancel(tx, subscription_id, "end_of_term")
    note(tx, f"subscription:{subscription_id}", on=on)
    return Switched(subscription_id, _way(tx, subscription)[0])


def _charge(tx: Tx, subscription: Subscription) -> None:
    if open_offers(tx.session, [subscription.id], ProformaState.OPEN.value):
        raise Conflict("a renewal waits to be paid", hint="pay it first, and keep the card then")
    method = first_usable(tx, subscription.customer_id, subscription.currency)
    if method is None:
        if ways_to_save(tx.session, subscription.customer_id):
            raise Conflict("no payment method is saved", hint="save one, or keep the card when you pay")
        raise Conflict("no payment method is saved", hint="keep the card when you pay")
    subscription.payment_method_id, subscription.collection = method.id, "auto"
    day = tx.session.get_one(Customer, subscription.customer_id).billing_day
    if day is not None:
        onto_day(tx, subscription, day)
    subscription.version += 1
    look_again(tx, subscription, clock.today_in(subscription.zone))
    let_trusted_days_come(tx, [subscription.id])
    tx.session.flush()


def _charged(tx: Tx, subscription: Subscription) -> PaymentMethod | None:
    """What `collect` takes: the method that was chosen for it, or what is billed by itself the customer's first."""
    chosen = subscription.payment_method_id
    method = tx.session.get(PaymentMethod, chosen) if chosen is not None else None
    if method is not None and method.usable:
        return method
    by_hand = subscription.collection == "manual"
    return None if by_hand else first_usable(tx, subscription.customer_id, subscription.currency)


def _way(tx: Tx, subscription: Subscription) -> tuple[str, str]:
    """As in Standing, and the method that is charged."""
    if subscription.service_ends_on is not None or subscription.state == State.CANCELED:
        return "ends", ""
    method = _charged(tx, subscription)
    if method is not None:
        return "charged", method.label
    return ("by_hand" if subscription.collection == "manual" else "invoiced"), ""


def _standing(tx: Tx, subscription_id: int) -> Standing:
    subscription = visible_subscription(tx, subscription_id)
    upcoming = next_document(tx.session, subscription_id)
    way, method = _way(tx, subscription)
    ends = {"ends": subscription.service_ends_on, "by_hand": subscription.paid_through}.get(way)
    return Standing(way, method, ends, upcoming)
