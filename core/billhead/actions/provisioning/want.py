"""Change what a customer should have on a panel. Every change bumps the version that fences stale workers."""

from typing import Any

from billhead.actions.provisioning._earlier_passwords import sealed_with
from billhead.actions.provisioning._queue import queue_converge
from billhead.db import Tx
from billhead.models.subscriptions import Service
from billhead.plugin_host import vault

__all__ = ["want"]


def want(tx: Tx, service: Service, **changes: Any) -> bool:
    """Set desired fields of a service and queue its convergence; False when nothing differs (no version, no job).

    Until the panel has a new password, those before it are kept: some panels know a line by nothing else.
    While its order is being checked a line gets no time, whoever gives it; it is given when the order is approved.
    """
    if service.in_review:
        changes.pop("desired_expires_at", None)
    differing = {name: value for name, value in changes.items() if getattr(service, name) != value}
    if not differing:
        return False
    if "password" in differing:
        service.previous_password = sealed_with(service, vault().decrypt(service.password))
    for name, value in differing.items():
        setattr(service, name, value)
    service.desired_version += 1
    service.sync = "pending"
    queue_converge(tx, service.id, service.panel_id, ahead=True)
    return True
