"""Rate what is due: pure, without a transaction. Every due subscription becomes a document, or a reason why not."""

from billhead.actions.billing._draft import draft_due
from billhead.actions.billing._rated import Chunk, Failure, Rated
from billhead.actions.billing._rating import Case, Rater
from billhead.domain.errors import BillheadError, PluginFailed

__all__ = ["rate"]


def rate(chunk: Chunk, rater: Rater) -> tuple[list[Rated], list[Failure]]:
    """One bad item costs one item: what can't be drafted, and what a plugin fails on, is left out and named."""
    cases: list[Case] = []
    failures: list[Failure] = []
    for item in chunk.items:
        buyer = chunk.buyers[item.customer_id]
        try:
            draft = draft_due(item, rater.catalogue, buyer.zone, item.subscription_id in chunk.offered)
        except (BillheadError, ValueError) as error:
            failures.append(Failure(item.subscription_id, "", str(error)))
        else:
            cases.append(Case(draft, buyer, item.seller_id, item.subscription_id, item.version, item.target))
    rated: list[Rated] = []
    for case, answer in zip(cases, rater.rate_cases(cases, chunk.lots, chunk.chargeable), strict=True):
        if isinstance(answer, BillheadError):
            plugin = answer.plugin if isinstance(answer, PluginFailed) else ""
            failures.append(Failure(case.subscription_id or 0, plugin, str(answer)))
        else:
            rated.append(answer)
    return rated, failures
