"""Which stages of dunning a seller has."""

from collections.abc import Sequence

from billhead.domain.dunning import DEFAULT_STAGES, Stage, StageAction
from billhead.models.sellers import Seller

__all__ = ["stages_of"]


def stages_of(seller: Seller) -> Sequence[Stage]:
    if not seller.dunning_stages:
        return DEFAULT_STAGES
    return tuple(Stage(int(days), StageAction(action)) for days, action in seller.dunning_stages)
