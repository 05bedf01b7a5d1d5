"""The keys of seals, derived so that no other use of the installation's secret gives them away."""

import hmac

from billhead.plugin_host.current import config

__all__ = ["seal_keys"]


def seal_keys() -> list[bytes]:
    """The first one signs. The others are of former secrets that are still set: what they signed stays verifiable."""
    return [hmac.digest(secret.encode(), b"billhead-ledger-seal-1", "sha256") for secret in config().secret_key.split()]
