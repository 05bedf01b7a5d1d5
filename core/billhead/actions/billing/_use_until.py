"""Metered use up to a day, billed at once to who has it until then: it goes to somebody else from that day on."""

from sqlalchemy import literal, select, update

from billhead import clock
from billhead.actions.billing._rating import rater_now
from billhead.actions.billing._reading import ITEM, AsOf, chunk_of
from billhead.actions.billing.rate import rate
from billhead.actions.billing.write import write_documents
from billhead.actions.documents._place_credit import place_credit_note
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.subscriptions import Subscription
from billhead.models.usage import UsageMeter
from billhead.plugin_host import plugins

__all__ = ["bill_use"]


def bill_use(tx: Tx, subscription: Subscription) -> int:
    """What its document comes to with tax, 0 where nothing was used. The caller has ended what is billed today.

    Raises Conflict where it can't be rated.
    """
    session = tx.session
    session.flush()
    today = clock.today_in(subscription.zone)
    due_on = session.scalar(select(UsageMeter.due_on).where(UsageMeter.subscription_id == subscription.id))
    meter = update(UsageMeter).where(UsageMeter.subscription_id == subscription.id)
    session.execute(meter.values(due_on=today))
    rater, catalogue = rater_now()
    rows = session.execute(select(*ITEM[:-1], literal(today)).where(Subscription.id == subscription.id)).all()
    rated, failures = rate(chunk_of(session, catalogue, AsOf(today), rows, arrears=True), rater)
    for failure in failures:
        raise Conflict(failure.error)
    written = write_documents(tx, rated, catalogue, observers=plugins().observers())
    if written.stale:
        raise Conflict(f"subscription {subscription.id} was changed by somebody else just now", hint="try again")
    total = 0
    for one in written.documents:
        if one.rated.kind == "credit_note":  # what came late gives more back
            place_credit_note(tx, one.document_id)
        total += -one.rated.total_minor if one.rated.kind == "credit_note" else one.rated.total_minor
    if any(one.usage for one in rated):  # it has ended for one, and the run goes on from here for the other
        due_on = today
    session.execute(meter.values(due_on=due_on, stamp=UsageMeter.stamp + 1))
    return total
