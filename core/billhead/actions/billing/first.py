"""The first document of what was just ordered: the proforma that starts it when it is paid."""

from datetime import date

from billhead.actions.billing._ordered import ordered_case
from billhead.actions.billing._rating import joint, raised, rater_now
from billhead.actions.billing.issue_invoice import issue_invoice
from billhead.actions.billing.settle_proforma import settle_proforma
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["first"]


def first(tx: Tx, *subscription_ids: int) -> int:
    """Write one proforma of ordered subscriptions of one customer from their components; returns the document's id.

    It has terms but no periods: those begin when it is paid. What costs nothing is settled at once, and the id is then
    that of the invoice over 0.00. Raises InvalidInput where prices with and without tax meet, or Conflict
    ("subscription_ended") where it costs nothing and a part of it can't begin any more.
    """
    tx.session.flush()
    rater, catalogue = rater_now()
    cases = [ordered_case(tx, subscription_id, catalogue) for subscription_id in subscription_ids]
    if len({case.draft.tax_inclusive for case in cases}) > 1:
        raise InvalidInput("price", "prices with and without tax can't stand on one document")
    due_on = min(case.draft.due_on or date.max for case in cases)
    cases = [case._replace(draft=case.draft._replace(due_on=due_on)) for case in cases]
    (answer,) = rater.rate_cases([joint(cases)])
    document = issue_invoice(tx, raised(answer))
    settled = None if document.rated.total_minor else settle_proforma(tx, document.document_id, whole=True)
    return document.document_id if settled is None else settled
