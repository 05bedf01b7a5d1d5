"""Where Safaricom calls: an address of its own for each attempt, which nobody can guess. Nothing else proves a call.

`<callback address>/<key>.<proof of the key>.<proof of key and phone>`: the proofs are keyed with a secret of the
account's own, so that an address tells of which attempt it is, and for which phone, without a table of them. What
Safaricom gives is no such key: after a new passkey the address of deposits, which it registers once, must still hold.
"""

import hashlib
import hmac

from billhead.plugin import CallbackForged, GatewayConnection, GatewayRejected, RawCallback

__all__ = ["Addressed", "deposit_address", "is_about_deposits", "prompt_address", "question_address", "read_address"]

_PROOF, _PHONE_PROOF = 32, 16
_DEPOSIT, _QUESTION = "deposit", "question"


class Addressed:
    """Which attempt a call is about, proven by its address; and whether a phone is the one that was asked."""

    def __init__(self, account: GatewayConnection, key: str, phone_proof: str) -> None:
        self._account, self.key, self._phone_proof = account, key, phone_proof

    def is_of(self, phone: str) -> bool:
        return hmac.compare_digest(_of_phone(self._account, self.key, phone), self._phone_proof)


def prompt_address(account: GatewayConnection, key: str, phone: str) -> str:
    return f"{account.callback_url}/{key}.{_proof(account, key)}.{_of_phone(account, key, phone)}"


def deposit_address(account: GatewayConnection) -> str:
    return f"{account.callback_url}/{_DEPOSIT}.{_proof(account, _DEPOSIT)}"


def question_address(account: GatewayConnection) -> str:
    """Where Safaricom asks whether a deposit may be made."""
    return f"{account.callback_url}/{_QUESTION}.{_proof(account, _QUESTION)}"


def is_about_deposits(account: GatewayConnection, raw: RawCallback) -> str:
    """ "deposit", "question", or "" for a call about an attempt. Raises CallbackForged."""
    name, _, proof = _last(raw).partition(".")
    if name not in (_DEPOSIT, _QUESTION):
        return ""
    _prove(_proof(account, name), proof)
    return name


def read_address(account: GatewayConnection, raw: RawCallback) -> Addressed:
    """Raises CallbackForged unless it is an address that was given out."""
    parts = _last(raw).split(".")
    if len(parts) != 3 or not parts[0]:
        raise CallbackForged("it came to no address that was given out")
    _prove(_proof(account, parts[0]), parts[1])
    if len(parts[2]) != _PHONE_PROOF:
        raise CallbackForged("it came to no address that was given out")
    return Addressed(account, parts[0], parts[2])


def _last(raw: RawCallback) -> str:
    return raw.path.rpartition("/")[2]


def _prove(expected: str, told: str) -> None:
    if not hmac.compare_digest(expected.encode(), told.encode()):
        raise CallbackForged("it came to no address that was given out")


def _of_phone(account: GatewayConnection, key: str, phone: str) -> str:
    return _proof(account, f"{key} {phone}")[:_PHONE_PROOF]


def _proof(account: GatewayConnection, text: str) -> str:
    if not account.proof_key:
        raise GatewayRejected(f"{account.code} has no key of its own yet", hint="save its settings once")
    keyed = hmac.new(account.proof_key.encode(), f"billhead {text}".encode(), hashlib.sha256)
    return keyed.hexdigest()[:_PROOF]
