"""What notices about credit tell.

kind                                         ids in `data`
lent_unpaid                                  document_id
low_credit, top_up_stopped                   –
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from billhead.actions.credits._charged_back import charged_back_debt, lent_debt
from billhead.actions.credits._top_up import WHY_STOPPED
from billhead.actions.credits._usable import usable_credit
from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._rows import Parts, found_row, must_be_theirs, named
from billhead.actions.notifications._values import Address, said
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import Money
from billhead.models.credits import CustomerWallet
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.people import Customer

__all__ = ["PARTS"]


def _credit(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: who has bought some meanwhile is not told that it is low."""
    customer = found_row(session, Customer, notice.customer_id, "customer")
    wallet = found_row(session, CustomerWallet, customer.id, "wallet")
    there = usable_credit(session, customer, customer.currency)
    there -= Money(charged_back_debt(session, customer.id, customer.currency), customer.currency)
    if notice.kind == "low_credit" and there.minor >= wallet.alert_below_minor:
        raise NoticeRejected("there is enough credit again, so nobody is told that it is low")
    if notice.kind == "top_up_stopped" and not wallet.stopped_because:
        raise NoticeRejected("credit is topped up by itself again, so nobody is told that it is not")
    topped_up = wallet.top_up_minor if wallet.top_up_below_minor and not wallet.stopped_because else 0
    if topped_up and wallet.fill_up:
        topped_up = max(topped_up - there.minor, 0)
    told = {
        "left": there,
        "below": Money(wallet.alert_below_minor, customer.currency),
        "topped_up": Money(topped_up, customer.currency) if topped_up else None,
        "stopped": said(WHY_STOPPED.get(wallet.stopped_because, "")),
        "url": Address(f"{home_of(session, notice)}/account/credit"),
    }
    return {"credit": told}


def _lent(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: who has paid meanwhile is not told."""
    order = found_row(session, Document, int(named(notice, "document_id")), "order of credit")
    must_be_theirs(notice, order.customer_id, "order of credit")
    owed = lent_debt(session, order.customer_id, order.currency)
    if not owed:
        raise NoticeRejected("what the credit had paid is paid by now")
    url = Address(f"{home_of(session, notice)}/account/credit")
    return {"lent": {"owed": Money(owed, order.currency), "url": url}}


PARTS: Parts = {
    "lent_unpaid": (_lent,),
    "low_credit": (_credit,),
    "top_up_stopped": (_credit,),
}
