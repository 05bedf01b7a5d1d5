"""By which gateways a shop may be paid: the operator's choice among those that are there."""

from collections.abc import Sequence

from billhead.domain.errors import InvalidInput
from billhead.plugin_host import plugins

__all__ = ["allowed_gateways"]


def allowed_gateways(codes: Sequence[str]) -> list[str]:
    """Raises InvalidInput for one that no plugin offers."""
    known = {gateway.code for _, gateway in plugins().offers("payment_gateways")}
    for code in codes:
        if code not in known:
            raise InvalidInput("gateways", f"there is no gateway {code!r}")
    return sorted(set(codes))
