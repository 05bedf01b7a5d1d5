"""Rate what is due: pure, without a transaction. Every due subscription becomes a document, or a reason why not."""

from collections.abc import Iterator, Mapping, Sequence

from billhead.actions.billing._charges import with_charges
from billhead.actions.billing._draft import Draft, draft_due
from billhead.actions.billing._rated import Buyer, Chunk, Failure, Rated
from billhead.actions.billing._rating import Case, Rater, joint
from billhead.actions.billing._usage import with_usage
from billhead.domain.errors import BillheadError, PluginFailed

__all__ = ["rate"]


def rate(chunk: Chunk, rater: Rater) -> tuple[list[Rated], list[Failure]]:
    """One bad item costs one item: what can't be drafted, and what a plugin fails on, is left out and named."""
    cases: list[Case] = []
    failures: list[Failure] = []
    for item in chunk.items:
        buyer = chunk.buyers[item.customer_id]
        try:
            if chunk.arrears:
                draft = Draft("", item.currency, (), False, None)
            else:
                draft = draft_due(item, rater.catalogue, buyer, item.subscription_id in chunk.offered)
            if item.subscription_id in chunk.usage:
                draft = with_usage(draft, chunk.usage[item.subscription_id], rater.catalogue)
            if item.subscription_id in chunk.charges and draft.kind in ("", "invoice"):
                draft = with_charges(draft, item, chunk.charges[item.subscription_id], rater.catalogue)
        except (BillheadError, ValueError) as error:
            failures.append(Failure(item.subscription_id, "", str(error)))
        else:
            cases.append(Case(draft, buyer, item.seller_id, item.subscription_id, item.version, item.target, True))
    if any(buyer.consolidate for buyer in chunk.buyers.values()):
        cases = list(_consolidated(cases, chunk.buyers))
    rated: list[Rated] = []
    for case, answer in zip(cases, rater.rate_cases(cases, chunk.lots, chunk.chargeable), strict=True):
        if not isinstance(answer, BillheadError):
            rated.append(answer)
        elif case.parts:
            _rate_apart(case, chunk, rater, rated, failures)
        else:
            failures.append(_failure(case, answer))
    return rated, failures


def _consolidated(cases: Sequence[Case], buyers: Mapping[int, Buyer]) -> Iterator[Case]:
    """What is due at once from a customer who wants one document becomes one case, where it can stand on one. What is
    free has its own: it goes on though the rest is held, or not paid yet."""
    groups: dict[tuple[object, ...], list[Case]] = {}
    for case in cases:
        draft, customer = case.draft, case.buyer.customer_id
        if not buyers[customer].consolidate or not sum(line.amount_minor for line in draft.lines):
            yield case
            continue
        key = (customer, case.seller_id, draft.kind, draft.currency, draft.tax_inclusive, draft.due_on)
        groups.setdefault(key, []).append(case)
    for group in groups.values():
        yield joint(group)


def _rate_apart(case: Case, chunk: Chunk, rater: Rater, rated: list[Rated], failures: list[Failure]) -> None:
    """One of several on a document can't be rated: the others go on without it."""
    good = []
    for part, answer in zip(case.parts, rater.rate_cases(case.parts), strict=True):
        if isinstance(answer, BillheadError):
            failures.append(_failure(part, answer))
        else:
            good.append(part)
    if not good:
        return
    again = joint(good)
    (answer,) = rater.rate_cases([again], chunk.lots, chunk.chargeable)
    if isinstance(answer, BillheadError):
        failures.extend(_failure(part, answer) for part in good)
    else:
        rated.append(answer)


def _failure(case: Case, error: BillheadError) -> Failure:
    plugin = error.plugin if isinstance(error, PluginFailed) else ""
    return Failure(case.subscription_id or 0, plugin, str(error))
