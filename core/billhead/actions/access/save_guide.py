"""Write a set-up guide: a new one, another language, or the operator's own instead of the house's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.access._guides import KINDS, PLACES, places_in
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.access import SetupGuide
from billhead.models.sellers import Seller

__all__ = ["GuideSaved", "GuideText", "save_guide"]

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_MOST_STEPS = 40


@dataclass(frozen=True, slots=True)
class GuideText:
    """`steps` has one step a line; what is in braces is filled in: see PLACES."""

    code: str
    language: str
    title: str
    kinds: Sequence[str]
    steps: str
    position: int = 0
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class GuideSaved:
    guide_id: int


@verb("access.save_guide", permission="catalogue.write")
def save_guide(tx: Tx, seller_id: int, guide: GuideText) -> GuideSaved:
    """One with the same code and language is replaced. Raises NotFound, or InvalidInput naming the field."""
    if tx.session.get(Seller, seller_id) is None:
        raise NotFound("seller", seller_id)
    steps = _checked(guide)
    query = select(SetupGuide).where(
        SetupGuide.seller_id == seller_id, SetupGuide.code == guide.code, SetupGuide.language == guide.language
    )
    row = tx.session.scalar(query) or SetupGuide(seller_id=seller_id, code=guide.code, language=guide.language)
    row.title, row.kinds, row.steps = guide.title.strip(), sorted(set(guide.kinds)), "\n".join(steps)
    row.position, row.hidden = guide.position, guide.hidden
    tx.session.add(row)
    tx.session.flush()
    return GuideSaved(row.id)


def _checked(guide: GuideText) -> list[str]:
    if not _CODE.fullmatch(guide.code):
        raise InvalidInput("code", "is up to 40 small letters, digits and hyphens")
    if not _LANGUAGE.fullmatch(guide.language):
        raise InvalidInput("language", "is a language like en or pt-BR")
    if not guide.title.strip() or len(guide.title) > 80:
        raise InvalidInput("title", "needs up to 80 characters")
    if not guide.kinds or set(guide.kinds) - set(KINDS):
        raise InvalidInput("kinds", f"choose from {', '.join(KINDS)}")
    steps = [step for step in map(str.strip, guide.steps.splitlines()) if step]
    if not 0 < len(steps) <= _MOST_STEPS or len(guide.steps) > 8000:
        raise InvalidInput("steps", f"write 1 to {_MOST_STEPS} steps, one a line")
    for step in steps:
        unknown = [name for name in places_in(step) if name not in PLACES]
        if unknown:
            raise InvalidInput("steps", f"there is no {{{unknown[0]}}}", hint=f"there are: {', '.join(PLACES)}")
    return steps
