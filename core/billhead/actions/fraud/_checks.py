"""The checks of the house, and asking those of plugins: each gets the facts, and none can stop an order by failing."""

import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from disposable_email_domains import blocklist

from billhead import clock
from billhead.actions.fraud._case import Screening
from billhead.domain.counted import counted
from billhead.domain.fraud import CHECKS, Entry, FraudRules, entry_matches, too_large, too_many, verdict_of
from billhead.plugin import FraudCheck, FraudReason, OrderFacts
from billhead.plugin_host.current import this_app

__all__ = ["house_says", "plugins_say", "sum_up"]

log = logging.getLogger(__name__)

_AT_ONCE = 8
"""So many orders ask one check at the same time; one that hangs in all of them is not asked until it is done."""

_turns: dict[str, threading.Semaphore] = {}
_guard = threading.Lock()

Said = tuple[list[FraudReason], str]
"""Reasons, and what could not be said, "" if all could."""


def house_says(facts: OrderFacts, rules: FraudRules, entries: Sequence[Entry], trouble: str = "") -> dict[str, Said]:
    """What the checks of the house say. Pure. `trouble`: what is wrong with a file of the operator."""
    asked: dict[str, Callable[[], Said]] = {
        "lists": lambda: (_lists(facts, entries), ""),
        "velocity": lambda: (_velocity(facts, rules), ""),
        "country": lambda: _country(facts, trouble),
        "mail": lambda: (_mail(facts), ""),
        "hosting": lambda: _hosting(facts, trouble),
        "amount": lambda: (_amount(facts, rules), ""),
        "open_review": lambda: (_open_review(facts), ""),
    }
    assert asked.keys() == CHECKS.keys()
    return {code: ask() for code, ask in asked.items() if code not in rules.off}


def _lists(facts: OrderFacts, entries: Sequence[Entry]) -> list[FraudReason]:
    found = []
    for entry in entries:
        if entry_matches(entry, mailbox=facts.mailbox, ip=facts.ip, card=facts.card, mac=facts.mac):
            shown = "the card" if entry.kind == "card" else entry.value
            told = FraudReason(f"{shown} is on the deny list", 0, "refuse")
            found.append(FraudReason(f"{shown} is on the allow list", 0, "allow") if entry.allows else told)
    return found


def _velocity(facts: OrderFacts, rules: FraudRules) -> list[FraudReason]:
    earlier, hours = facts.earlier, rules.window_hours
    limits = (
        ("this address", earlier.from_address, rules.per_address),
        ("this mailbox", earlier.from_mailbox, rules.per_mailbox),
        ("this card", earlier.from_card, rules.per_card),
        ("this phone number", earlier.from_phone, rules.per_phone),
    )
    return [
        FraudReason(
            counted(
                hours,
                f"orders from {what} within {hours} hour: {count + 1}, {most} may be",
                f"orders from {what} within {hours} hours: {count + 1}, {most} may be",
            ),
            too_many(count, most),
        )
        for what, count, most in limits
        if too_many(count, most)
    ]


def _country(facts: OrderFacts, trouble: str) -> Said:
    ip, card, bill = facts.ip_country, facts.card_country, facts.billing_country
    pairs = (
        (ip, bill, FraudReason(f"the address is in {ip}, the bill goes to {bill}", 30)),
        (card, bill, FraudReason(f"the card is from {card}, the bill goes to {bill}", 40)),
        (card, ip, FraudReason(f"the card is from {card}, the address is in {ip}", 20)),
    )
    reasons = [reason for one, other, reason in pairs if one and other and one != other]
    return reasons, "" if ip else trouble or "the country of the address is not known"


def _mail(facts: OrderFacts) -> list[FraudReason]:
    if not facts.mailbox:
        return [FraudReason("there is no usable e-mail address", 20)]
    labels = facts.mailbox.rpartition("@")[2].split(".")
    reasons = []
    if any(".".join(labels[at:]) in blocklist for at in range(len(labels) - 1)):
        reasons.append(FraudReason(f"{'.'.join(labels)} gives out disposable addresses", 60))
    if facts.mailbox != facts.email.strip().lower():
        reasons.append(FraudReason(f"the address is an alias of {facts.mailbox}", 10))
    return reasons


def _hosting(facts: OrderFacts, trouble: str) -> Said:
    if facts.hosted is None:
        return [], trouble or "there is no list of proxies and data centres"
    return ([FraudReason("the address is a proxy's or a data centre's", 40)] if facts.hosted else []), ""


def _amount(facts: OrderFacts, rules: FraudRules) -> list[FraudReason]:
    if not too_large(facts.amount, rules.largest_first, facts.earlier.paid):
        return []
    return [FraudReason(f"{facts.amount} is much for somebody who has never paid", 50)]


def _open_review(facts: OrderFacts) -> list[FraudReason]:
    return [FraudReason("another order of this customer is being checked", 50)] if facts.earlier.in_review else []


def plugins_say(checks: Sequence[tuple[str, FraudCheck]], facts: OrderFacts, seconds: int) -> dict[str, Said]:
    """Ask them all at once, and wait so long at most: for their turn too, where many orders ask one at the same time.

    What could not be asked at all in that time is no silence of the check's: who sends many orders at once would get
    past it. Such an order is looked at.
    """
    answers: SimpleQueue[tuple[str, Said]] = SimpleQueue()
    app, until = this_app(), clock.monotonic() + seconds
    asked = {name: _Asked(app, name, check, seconds) for name, check in checks}
    said: dict[str, Said] = {}
    for name, one in asked.items():
        args = facts, answers
        threading.Thread(target=one.ask, args=args, name=f"billhead-check-{name}", daemon=True).start()
    while len(said) < len(asked):
        try:
            name, answer = answers.get(timeout=max(until - clock.monotonic(), 0))
        except Empty:
            break
        said[name] = answer
    crowded = [FraudReason("it could not be asked in time: too many orders at once", verdict="review")], ""
    for name in asked.keys() - said.keys():
        silent = counted(seconds, f"no answer within {seconds} second", f"no answer within {seconds} seconds")
        said[name] = ([], silent) if asked[name].begun else crowded
    return {name: said[name] for name in asked}


class _Asked:
    """A check that waits for its turn and is asked then. `begun`: its turn came."""

    def __init__(self, app: Any, name: str, check: FraudCheck, seconds: int) -> None:
        self._app, self._name, self._check, self._seconds = app, name, check, seconds
        self.begun = False

    def ask(self, facts: OrderFacts, answers: "SimpleQueue[tuple[str, Said]]") -> None:
        turn = _turn_of(self._name)
        if not turn.acquire(timeout=self._seconds):
            return
        self.begun = True
        try:
            with self._app.app_context():
                reasons = list(self._check.check(facts))
            if not all(isinstance(one, FraudReason) for one in reasons):
                raise TypeError(f"it returned {reasons!r} instead of FraudReasons")
            answers.put((self._name, (reasons, "")))
        except Exception as error:
            log.warning("the check %s failed", self._name, exc_info=True)
            answers.put((self._name, ([], f"it failed: {type(error).__name__}: {str(error)[:200]}")))
        finally:
            turn.release()


def _turn_of(name: str) -> threading.Semaphore:
    with _guard:
        return _turns.setdefault(name, threading.Semaphore(_AT_ONCE))


def sum_up(rules: FraudRules, said: dict[str, Said]) -> Screening:
    reasons = [
        {"check": name, "why": one.why[:300], "weight": one.weight, "verdict": one.verdict}
        for name, (told, _) in said.items()
        for one in told
    ]
    unknown = [{"check": name, "why": why[:300]} for name, (_, why) in said.items() if why]
    score = sum(int(str(one["weight"])) for one in reasons)
    verdict = verdict_of(rules, score, (str(one["verdict"]) for one in reasons), unknown=bool(unknown))
    return Screening(verdict, score, tuple(reasons), tuple(unknown))
