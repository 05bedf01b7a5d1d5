"""For how long a user can be renewed, with the price of each in credits and the end that it leads to."""

from billhead.actions.resellers._prices import credit_prices
from billhead.actions.resellers._users import with_payer
from billhead.actions.resellers.renew_user import UserRenewed, preview_renew_user
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.periods import by_length
from billhead.models.people import Customer

__all__ = ["renewal_terms"]


def renewal_terms(tx: Tx, subscription_id: int) -> list[UserRenewed]:
    """The term that it has first, then the others that have a price, the shortest first. Raises what
    `preview_renew_user` raises where it can be renewed for none."""
    subscription, reseller = with_payer(tx, subscription_id)
    customer = tx.session.get_one(Customer, subscription.customer_id)
    priced = {term for _, term in credit_prices(tx.session, reseller, customer, {subscription.plan_id}) if term}
    others = sorted(priced - {subscription.term}, key=by_length)
    found, refused = list[UserRenewed](), list[InvalidInput | NotFound]()
    for term in (subscription.term, *others):
        try:
            found.append(preview_renew_user(tx, subscription_id, term))
        except (InvalidInput, NotFound) as error:  # an add-on of it has no price for that term
            refused.append(error)
    if not found:
        raise refused[0]
    return found
