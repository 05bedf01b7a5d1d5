"""Invoice rules over a batch of drafts: a rule that fails costs only the drafts that make it fail."""

from collections.abc import Sequence

from billhead.domain.errors import PluginFailed
from billhead.plugin import DraftView, ExtraLine, InvoiceRule

__all__ = ["apply_rules"]

Lines = list[tuple[str, ExtraLine]]


def apply_rules(rules: Sequence[tuple[str, InvoiceRule]], drafts: Sequence[DraftView]) -> list[Lines | PluginFailed]:
    """Per draft: ("plugin.rule", line) pairs in the order of the rules, or the first failure."""
    results: list[Lines | PluginFailed] = [[] for _ in drafts]
    for plugin, rule in rules:
        alive = [n for n, result in enumerate(results) if not isinstance(result, PluginFailed)]
        answers = _halving(plugin, rule, [drafts[n] for n in alive])
        for n, answer in zip(alive, answers, strict=True):
            before = results[n]
            if isinstance(answer, PluginFailed) or isinstance(before, PluginFailed):
                results[n] = answer if isinstance(answer, PluginFailed) else before
            else:
                before.extend((f"{plugin}.{rule.code}", line) for line in answer)
    return results


def _halving(plugin: str, rule: InvoiceRule, drafts: Sequence[DraftView]) -> list[Sequence[ExtraLine] | PluginFailed]:
    if not drafts:
        return []
    try:
        return list(_checked(rule, drafts))
    except Exception as error:  # noqa: BLE001 a stranger's rule: any failure of it aborts that draft
        if len(drafts) == 1:
            failed = PluginFailed(plugin, f"invoice rule {rule.code}: {type(error).__name__}: {error}")
            failed.__cause__ = error
            return [failed]
    middle = len(drafts) // 2
    return _halving(plugin, rule, drafts[:middle]) + _halving(plugin, rule, drafts[middle:])


def _checked(rule: InvoiceRule, drafts: Sequence[DraftView]) -> Sequence[Sequence[ExtraLine]]:
    answers = rule.apply(drafts)
    if len(answers) != len(drafts):
        raise ValueError(f"it returned {len(answers)} answers for {len(drafts)} drafts")
    for draft, lines in zip(drafts, answers, strict=True):
        codes = [line.code for line in lines]
        if len(set(codes)) != len(codes):
            raise ValueError(f"it used a line code twice: {', '.join(codes)}")
        currencies = {line.net.currency for line in draft.lines}
        for line in lines:
            if currencies and line.net.currency not in currencies:
                raise ValueError(f"its line {line.code} is in {line.net.currency}, the draft in {currencies.pop()}")
    return answers
