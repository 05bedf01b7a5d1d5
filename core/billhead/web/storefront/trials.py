"""Which trials the pages of a shop offer: those that an order would be given."""

from sqlalchemy.orm import Session

from billhead.actions.catalogue.prices_for import Audience
from billhead.actions.resellers._trials import trials_for_credits, trials_left
from billhead.actions.shops._sells import payer_of
from billhead.actions.subscriptions._sale import outlasts_season
from billhead.models.catalogue import Plan
from billhead.models.people import Reseller

__all__ = ["TrialsGiven"]


class TrialsGiven:
    """Not where the season ends before; in a reseller's shop as the operator lets it be tried for credits, and as often
    a day as the reseller may."""

    def __init__(self, session: Session, audience: Audience) -> None:
        self.on = audience.on
        self.lengths: dict[tuple[int, str], str] | None = None
        payer_id = payer_of(session, audience.seller_id)
        if payer_id is not None:
            payer = session.get_one(Reseller, payer_id)
            prices = trials_for_credits(session, payer) if trials_left(session, payer) else {}
            self.lengths = {key: price.trial_term for key, price in prices.items()}

    def __call__(self, plan: Plan, term: str, trial_term: str) -> bool:
        if not trial_term or outlasts_season(plan, self.on, trial_term):
            return False
        return self.lengths is None or self.lengths.get((plan.id, term)) == trial_term
