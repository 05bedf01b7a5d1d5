"""Secrets at rest: MultiFernet under keys derived from the installation's secret key.

To rotate, put the new key before the old one in the setting (`BILLHEAD_SECRET_KEY="new old"`), restart, run
`billhead vault rotate`: everything is encrypted with the first, and any may decrypt. Dropping the old one after that
leaves nothing unreadable, but the ledger's seals of its time can't be verified without it.
"""

import base64
import hmac
from collections.abc import Callable

from billhead.domain.errors import InvalidInput

__all__ = ["Vault"]


class Vault:
    """Encrypts short texts. Empty stays empty, so that "not set" can be told without a key."""

    def __init__(self, *secret_keys: str) -> None:
        if not secret_keys:
            raise InvalidInput("BILLHEAD_SECRET_KEY", "is empty; secrets can't be stored without it")
        # here, and not above: it takes 9 MB, and a process that only bills opens no secret
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet

        derived = [_derived(key) for key in secret_keys]
        self._fernet = MultiFernet([Fernet(key) for key in derived])
        self._unreadable = (InvalidToken, UnicodeEncodeError)
        self._keys = derived

    @classmethod
    def from_secret(cls, secret_key: str) -> "Vault":
        """The setting holds one key, or several separated by blanks while they are being rotated."""
        return cls(*secret_key.split())

    def encrypt(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode("ascii") if text else ""

    def decrypt(self, token: str) -> str:
        """Raises InvalidInput when none of the keys fits."""
        return self._opened(lambda: self._fernet.decrypt(token.encode())).decode() if token else ""

    def seal(self, data: bytes) -> bytes:
        """A file that is kept for a while; unlike texts it is not written anew when keys are rotated."""
        return self._fernet.encrypt(data)

    def open(self, sealed: bytes) -> bytes:
        return self._opened(lambda: self._fernet.decrypt(sealed))

    def digests(self, text: str) -> list[str]:
        """By what a secret is found again without keeping it: a keyed digest, the newest key's first."""
        return [hmac.new(key, b"digest:" + text.encode(), "sha256").hexdigest() for key in self._keys]

    def rotated(self, token: str) -> str:
        """The same text under the newest key."""
        return self._opened(lambda: self._fernet.rotate(token.encode())).decode("ascii") if token else ""

    def _opened(self, call: Callable[[], bytes]) -> bytes:
        try:
            return call()
        except self._unreadable as error:
            raise InvalidInput(
                "BILLHEAD_SECRET_KEY",
                "does not open a stored secret: it was encrypted under another key",
                hint='put the key of that time back, after the new one: BILLHEAD_SECRET_KEY="new old"',
            ) from error


def _derived(secret_key: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"billhead vault v1")
    return base64.urlsafe_b64encode(derivation.derive(secret_key.encode()))
