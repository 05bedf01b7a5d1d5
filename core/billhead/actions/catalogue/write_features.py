"""What a plan's card in the shop says about it, line by line ("120 channels", "4K"), in each language that has any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.catalogue import Plan
from billhead.wording import LANGUAGES

__all__ = ["MOST_FEATURES", "FeaturesWritten", "write_features"]

MOST_FEATURES = 20
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class FeaturesWritten:
    plan_id: int


@verb("catalogue.write_features", permission="catalogue.write")
def write_features(tx: Tx, plan_id: int, features: Mapping[str, Sequence[str]]) -> FeaturesWritten:
    """Language → lines, in their order; they replace all that there were.

    Raises NotFound, or InvalidInput at the language whose lines are too many, too long or there twice.
    """
    plan = tx.session.get(Plan, plan_id, with_for_update=True)
    if plan is None:
        raise NotFound("plan", plan_id)
    before = plan.details.get("features", {})
    after = {language: lines for language in LANGUAGES if (lines := _checked(language, features.get(language, ())))}
    if unknown := sorted(set(features) - set(LANGUAGES)):
        raise InvalidInput("features", f"{unknown[0]!r} is no language of the shop")
    plan.details = {**plan.details, "features": after}
    changed = [language for language in LANGUAGES if before.get(language) != after.get(language)]
    note(
        tx,
        f"plan:{plan_id}",
        before={language: before.get(language, []) for language in changed},
        after={language: after.get(language, []) for language in changed},
    )
    return FeaturesWritten(plan_id)


def _checked(language: str, typed: Sequence[str]) -> list[str]:
    lines = [words for line in typed if (words := " ".join(line.split()))]
    if len(lines) > MOST_FEATURES:
        raise InvalidInput(language, f"has {len(lines)} lines: at most {MOST_FEATURES} are shown")
    for number, line in enumerate(lines):
        if len(line) > _LONGEST:
            raise InvalidInput(language, f"{line[:20]}… is too long: a line has {_LONGEST} characters at most")
        if line in lines[:number]:
            raise InvalidInput(language, f"{line!r} stands there twice")
    return lines
