"""A line that was held to fewer streams may have all that were sold again."""

from dataclasses import dataclass

from billhead.actions.provisioning.want import want
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.subscriptions import Service

__all__ = ["CapLifted", "lift_cap"]


@dataclass(frozen=True, slots=True)
class CapLifted:
    service_id: int
    changed: bool


@verb("sharing.lift_cap", permission="services.write")
def lift_cap(tx: Tx, service_id: int) -> CapLifted:
    service = tx.session.get(Service, service_id, with_for_update=True)
    if service is None:
        raise NotFound("service", service_id)
    return CapLifted(service_id, want(tx, service, capped_connections=None))
