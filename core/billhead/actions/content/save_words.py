"""Names and descriptions of a seller's own in another language: said for who reads it, and for nobody else."""

from collections.abc import Mapping
from dataclasses import dataclass

from billhead.actions.content._own_words import Words
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.wording import LANGUAGES

__all__ = ["WordsSaved", "save_words"]


@dataclass(frozen=True, slots=True)
class WordsSaved:
    changed: int


@verb("content.save_words", permission="content.write")
def save_words(tx: Tx, seller_id: int, language: str, words: Mapping[str, str]) -> WordsSaved:
    """Text, exactly as it stands with the seller → what it is called; "" takes the word away. All or nothing.

    Raises NotFound (seller, language), or InvalidInput: "text" for what customers read nowhere, "said" for what is too
    long or can't be seen.
    """
    if language not in LANGUAGES:
        raise NotFound("language", language)
    kept = Words(tx.session, seller_id)
    for text, said in words.items():
        kept.check(language, text, said)
    changed = sum(kept.put(language, text, said) for text, said in words.items())
    note(tx, f"seller:{seller_id}", language=language, **kept.done())
    return WordsSaved(changed)
