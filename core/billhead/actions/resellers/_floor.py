"""How little a reseller may ask: a share of the operator's list, told as the reseller tells its prices.

Where one of the two is with tax and the other without, the list is turned into the other kind by the tax of the seller
that asks the price, for somebody who lives where the list is for.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import visitor
from billhead.actions.billing._taxing import TaxDesk
from billhead.actions.catalogue.prices_for import PriceList
from billhead.domain.errors import PluginFailed
from billhead.domain.money import Money, Rounding, round_ratio
from billhead.models.catalogue import Plan
from billhead.plugin_host import plugins

__all__ = ["floors"]


def floors(
    session: Session,
    listed: PriceList,
    plans: Mapping[int, Plan],
    percent: int,
    *,
    seller_id: int,
    inclusive: bool,
    trials: bool = False,
) -> dict[tuple[int, str], Money]:
    """(plan, term) → the least, of what is listed of these plans; nothing where there is no floor. `seller_id`: who
    asks the price; `inclusive`: with tax; `trials`: of what a trial costs. Raises PluginFailed where the tax can't be
    told."""
    if not percent:
        return {}
    listing = {key: sold for key, sold in listed.items() if key[0] in plans and (sold.price.trial_term or not trials)}
    whole = {key: sold.price.trial_minor if trials else sold.price.amount_minor for key, sold in listing.items()}
    other = {key: minor for key, minor in whole.items() if listed[key].tax_inclusive != inclusive}
    if other:
        whole.update(_turned(session, listed, plans, other, seller_id, inclusive))
    currency = listed.audience.currency
    return {key: Money(round_ratio(minor * percent, 100, Rounding.UP), currency) for key, minor in whole.items()}


def _turned(
    session: Session,
    listed: PriceList,
    plans: Mapping[int, Plan],
    amounts: Mapping[tuple[int, str], int],
    seller_id: int,
    inclusive: bool,
) -> dict[tuple[int, str], int]:
    catalogue, audience = Catalogue(), listed.audience
    catalogue.need(session, sellers=[seller_id])
    desk = TaxDesk(catalogue, plugins().tax_engine)
    someone = visitor(audience.country)
    questions = [
        desk.question(
            someone,
            seller_id,
            audience.on,
            audience.currency,
            not inclusive,
            ((plans[key[0]].tax_class, minor),),
        )
        for key, minor in amounts.items()
    ]
    found = {}
    for key, answer in zip(amounts, desk.answers(questions), strict=True):
        if isinstance(answer, PluginFailed):
            raise answer
        found[key] = answer.net_minor + (answer.tax_minor if inclusive else 0)
    return found
