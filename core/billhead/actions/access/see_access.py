"""Staff look at a customer's access details: that they did stands in the audit trail."""

from dataclasses import dataclass, field

from billhead.actions.access._codes import short_address
from billhead.actions.access._lines import visible_line
from billhead.actions.provisioning.show_access import show_access
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.plugin import Access

__all__ = ["AccessSeen", "see_access"]


@dataclass(frozen=True, slots=True)
class AccessSeen:
    access: Access = field(repr=False)
    short_address: str = field(repr=False)


def see_access(tx: Tx, service_id: int) -> AccessSeen:
    """No `verb`: its result must not be kept with an idempotency key. Raises NotAllowed, NotFound or what the module
    says."""
    if not tx.ctx.may("services.access"):
        raise NotAllowed(f"{tx.ctx.actor} may not see access details: it needs services.access")
    line = visible_line(tx, service_id)
    audit(tx, "access.seen", f"service:{service_id}", {})
    return AccessSeen(show_access(tx.session, line.service), short_address(tx.session, service_id))
