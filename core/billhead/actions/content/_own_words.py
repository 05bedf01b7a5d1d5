"""What a seller calls its plans, ways to pay and the like in other languages: looked up by their exact wording.

A reseller's shop says its own word for a text, and where it has none, that of the operator whose plans it sells.
`Seller.worded` names the languages in which there is anything to look up: a page in any other asks nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from billhead.actions.content._customers_read import texts_of
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.typed_text import seen_text
from billhead.models.content import OwnWord
from billhead.models.people import Reseller
from billhead.models.sellers import Seller
from billhead.models.shops import Shop

__all__ = ["Words", "all_words", "longest", "mark_of", "own_words"]

_NAME, _TIMES, _SHORT = 150, 3, 40
_MOST = 5000
_NOTED = 100


def own_words(session: Session, seller: Seller, language: str) -> Mapping[str, str]:
    """Text → what it is called; one query, and none where the seller has no words in that language."""
    if language not in seller.worded:
        return {}
    whose = or_(OwnWord.seller_id == seller.id, OwnWord.seller_id.in_(_above(seller)))
    said = select(OwnWord.seller_id, OwnWord.text, OwnWord.said).where(OwnWord.language == language, whose)
    rows = session.execute(said).all()
    return {text: said for _, text, said in sorted(rows, key=lambda row: row.seller_id == seller.id)}


def _above(shop: Seller) -> Select[int]:
    """The operator whose plans a shop sells; nobody, for who sells its own."""
    return select(Reseller.seller_id).join(Shop, Shop.reseller_id == Reseller.id).where(Shop.seller_id == shop.id)


def all_words(session: Session, seller_id: int) -> dict[str, dict[str, str]]:
    """By language, only what this seller has said itself."""
    found: dict[str, dict[str, str]] = {}
    rows = select(OwnWord.language, OwnWord.text, OwnWord.said).where(OwnWord.seller_id == seller_id)
    for language, text, said in session.execute(rows):
        found.setdefault(language, {})[text] = said
    return found


class Words:
    """Those of one seller, being changed; it is locked meanwhile. Raises NotFound for no seller."""

    def __init__(self, session: Session, seller_id: int) -> None:
        seller = session.get(Seller, seller_id, with_for_update=True)
        if seller is None:
            raise NotFound("seller", seller_id)
        self._session, self._seller = session, seller
        self._rows = {
            (row.language, row.text): row
            for row in session.scalars(select(OwnWord).where(OwnWord.seller_id == seller_id))
        }
        self._texts = {one.text for one in texts_of(session, seller_id)} | {text for _, text in self._rows}
        self._changed: dict[tuple[str, str], tuple[str, str]] = {}

    def check(self, language: str, text: str, said: str) -> None:
        """Raises InvalidInput, naming the field."""
        if text not in self._texts:
            why = f"{_short(text)}: no name or description that customers read is exactly so"
            raise InvalidInput("text", why)
        if said != seen_text(said, lines="\n" in text):
            raise InvalidInput(
                "said", f"{_short(text)}: what it is called has signs that nobody sees, or a line too many"
            )
        if len(said) > longest(text):
            why = f"{_short(text)}: what it is called is longer than {longest(text)} characters"
            raise InvalidInput("said", why)

    def would(self, language: str, text: str, said: str) -> bool:
        """Whether it says something else now."""
        row = self._rows.get((language, text))
        return said != (row.said if row is not None else "")

    def put(self, language: str, text: str, said: str) -> bool:
        """Whether anything changed; "" takes the word away. It has passed `check`."""
        if not self.would(language, text, said):
            return False
        row = self._rows.get((language, text))
        self._changed[language, text] = (row.said if row is not None else "", said)
        if row is None:
            row = OwnWord(seller_id=self._seller.id, language=language, mark=mark_of(text), text=text, said=said)
            self._session.add(row)
            self._rows[language, text] = row
        elif said:
            row.said = said
        else:
            self._session.delete(self._rows.pop((language, text)))
        return True

    def done(self) -> dict[str, object]:
        """What the audit trail keeps: how many, and the first of them with what they were. Raises InvalidInput for
        more than a page can look up."""
        spoken = Counter(language for language, _ in self._rows)
        if spoken and max(spoken.values()) > _MOST:
            raise InvalidInput("said", f"{_MOST} texts in one language are the most")
        self._session.flush()
        if self._changed:
            _note_languages(self._session, self._seller)
        first = list(self._changed.items())[:_NOTED]
        return {
            "changed": len(self._changed),
            "words": [[language, text, *words] for (language, text), words in first],
        }


def longest(text: str) -> int:
    """How many characters its words may have."""
    return max(_NAME, _TIMES * len(text))


def _short(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= _SHORT else f"{line[:_SHORT]}…"


def mark_of(text: str) -> str:
    """By which a text is named where it can't stand itself."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _note_languages(session: Session, seller: Seller) -> None:
    """After words came or went: what the seller, and the shops that sell its plans, have any in."""
    shops = session.scalars(
        select(Seller)
        .join(Shop, Shop.seller_id == Seller.id)
        .join(Reseller, Reseller.id == Shop.reseller_id)
        .where(Reseller.seller_id == seller.id)
    ).all()
    rows = session.execute(
        select(OwnWord.seller_id, OwnWord.language)
        .where(
            or_(OwnWord.seller_id.in_([seller.id, *(shop.id for shop in shops)]), OwnWord.seller_id.in_(_above(seller)))
        )
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for seller_id, language in rows:
        found.setdefault(seller_id, set()).add(language)
    ours = set[str]().union(*(said for key, said in found.items() if key not in {shop.id for shop in shops}))
    for one, languages in ((seller, ours), *((shop, found.get(shop.id, set()) | ours) for shop in shops)):
        if one.worded != sorted(languages):
            one.worded = sorted(languages)
