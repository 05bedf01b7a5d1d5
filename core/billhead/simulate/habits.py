"""Who pays, and when: learnt from the operator's own history, or by a given rate. The same seed gives the same payers.

Shares are parts per million. What somebody does is drawn from the seed and what it is about alone, so it does not
depend on the order of things, and a simulation that goes on after a stop draws the same again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from billhead.domain.simulation import MILLION

__all__ = ["Habits"]

_PRIOR = 4  # so many tries of an average payer are mixed into what is known of one
_USUAL_DELAYS = (-3, -3, -3, -2, -1, 0, 0, 2, 4, 4)


@dataclass(frozen=True, slots=True)
class Habits:
    """`charges`: of charges of a saved method that succeed. `by_hand`: of offers and invoices that are paid by hand,
    and `delays`, how many days after the due date (each as often as it happened). `healed`: of debts whose charges all
    failed that are paid by hand in the end, with `healed_delays`.

    `known` has (succeeded, tried) of customers who failed before; `hard`: of declines that end the use of a card;
    `per_document`: a document's first draw holds for all tries, as a plain rate means it.
    """

    seed: int
    charges: int
    by_hand: int
    healed: int
    delays: tuple[int, ...] = _USUAL_DELAYS
    healed_delays: tuple[int, ...] = (7, 8, 9, 10, 11)
    known: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    hard: int = 0
    per_document: bool = False

    @classmethod
    def by_rate(cls, seed: int, share: int) -> "Habits":
        """That share of the documents is paid on time, the others never."""
        return cls(seed, share, share, 0, delays=(0,), per_document=True)

    def charge_succeeds(self, customer: str, attempt_key: str) -> bool:
        """`attempt_key` is unique by document and try; what follows its last dash is random and not drawn by."""
        document, _, number = attempt_key.rpartition("-")[0].rpartition("-")
        about = document if self.per_document else f"{document}:{number}"
        return self.draw("charge", about) < self._share_of(customer)

    def _share_of(self, customer: str) -> int:
        if customer not in self.known:
            return self.charges
        succeeded, tried = self.known[customer]
        return (succeeded * MILLION + _PRIOR * self.charges) // (tried + _PRIOR)

    def decline_is_hard(self, attempt_key: str) -> bool:
        return self.draw("hard", attempt_key.rpartition("-")[0]) < self.hard

    def pays_by_hand(self, document_id: int) -> int | None:
        """Days from the due date to the payment; None for somebody who never pays."""
        return self._delay("hand", document_id, self.by_hand, self.delays)

    def heals(self, document_id: int) -> int | None:
        """The same for a debt whose charges failed."""
        return self._delay("heal", document_id, self.healed, self.healed_delays)

    def _delay(self, about: str, document_id: int, share: int, delays: tuple[int, ...]) -> int | None:
        if self.draw(about, document_id) >= share:
            return None
        return delays[self.draw(f"{about}-delay", document_id) * len(delays) // MILLION]

    def draw(self, *about: object) -> int:
        """From 0 to 999,999, evenly."""
        text = ":".join(map(str, (self.seed, *about)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) % MILLION
