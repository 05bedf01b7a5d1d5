"""A provider tells of a saved method: its card was renewed, or it is gone there. Repeats and disorder change nothing,
since what is told is how it stands there now."""

from billhead.actions.payments._card_marks import card_mark
from billhead.actions.payments._letting_go import let_go
from billhead.actions.payments._method_names import methods_named
from billhead.actions.payments._methods import stop_method
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.payment import AttemptState
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.plugin import SavedMethod, Verified

__all__ = ["apply_method_changed"]


def apply_method_changed(tx: Tx, account_id: int, fact: Verified) -> None:
    """`succeeded`: what it is now; `canceled`: gone. What is not saved here, or not any more, is passed over."""
    state, now = fact.outcome.state, fact.outcome.method
    for method in methods_named(tx, account_id, fact.reference):
        if state is AttemptState.CANCELED:
            _gone(tx, method)
        elif state is AttemptState.SUCCEEDED and now is not None:
            _renewed(tx, method, now)


def _gone(tx: Tx, method: PaymentMethod) -> None:
    """As after a decline for good: the next in the customer's order takes its place."""
    stop_method(tx, method, tx.session.get_one(Customer, method.customer_id).currency)
    let_go(tx, method)
    audit(tx, "payments.method_gone", f"customer:{method.customer_id}", {"method_id": method.id})


def _renewed(tx: Tx, method: PaymentMethod, now: SavedMethod) -> None:
    """A card that was declined for good and is another now can be charged again, after those that stand before it."""
    if (method.label, method.expires) == (now.label, now.expires):
        return
    data = {"method_id": method.id, "expires": now.expires}
    method.label, method.expires, method.usable = now.label, now.expires, True
    method.fingerprint = card_mark(tx.session, now.fingerprint) or method.fingerprint
    method.country = now.country.upper()[:2] or method.country
    audit(tx, "payments.method_renewed", f"customer:{method.customer_id}", data)
