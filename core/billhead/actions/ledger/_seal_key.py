"""The key that signs seals, derived so that no other use of the installation's secret gives it away."""

import hmac

from billhead.plugin_host.current import config

__all__ = ["seal_key"]


def seal_key() -> bytes:
    return hmac.digest(config().secret_key.encode(), b"billhead-ledger-seal-1", "sha256")
