"""A PIN: fifteen random digits and one that tells typos. Only a keyed hash of it is kept."""

import hmac
import secrets
import unicodedata

from billhead.plugin import GatewayRejected, Host, InvalidInput, marked

__all__ = ["LABEL", "NO_KEY", "grouped", "has_key", "hashed", "key_of", "new_pin", "normal_pin"]

LABEL = "PIN of the card"
NO_KEY = marked("The key of the PINs is not set")
_LENGTH = 16
# H. M. Damm's quasigroup of order 10: finds every wrong digit and every swap of neighbours
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def new_pin() -> str:
    digits = f"{secrets.randbelow(10 ** (_LENGTH - 1)):0{_LENGTH - 1}}"
    return digits + str(_check(digits))


def normal_pin(typed: str) -> str:
    """As it is hashed, from what people type: blanks, dashes, and digits of any script. Never says the PIN again."""
    kept = [sign for sign in typed if unicodedata.category(sign) not in ("Zs", "Pd", "Cf", "Cc")]
    if not all(sign.isdecimal() for sign in kept):
        raise InvalidInput(LABEL, "is made of digits alone", hint="Type the 16 digits of the card.")
    if len(kept) != _LENGTH:
        raise InvalidInput(LABEL, f"has 16 digits, and {len(kept)} were typed", hint="Type all digits of the card.")
    pin = "".join(str(unicodedata.decimal(sign)) for sign in kept)
    if _check(pin):
        raise InvalidInput(LABEL, "has a typing error", hint="Compare it with the card, digit by digit.")
    return pin


def grouped(pin: str) -> str:
    return " ".join(pin[at : at + 4] for at in range(0, _LENGTH, 4))


def hashed(key: str, pin: str) -> str:
    return hmac.new(key.encode(), pin.encode(), "sha256").hexdigest()


def key_of(host: Host) -> str:
    """Raises GatewayRejected where the operator has set none yet."""
    if not has_key(host):
        raise GatewayRejected(NO_KEY, hint="set it in the settings of the plugin voucher")
    return str(host.settings().key)


def has_key(host: Host) -> bool:
    settings = host.settings()
    return settings is not None and bool(settings.key)


def _check(digits: str) -> int:
    state = 0
    for digit in digits:
        state = int(_DAMM[state][int(digit)])
    return state
