"""Send a code to an address that a customer typed, so that nobody connects the phone of somebody else."""

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.notifications._channels import connectable
from billhead.actions.notifications._codes import check_own, started_anew
from billhead.actions.notifications._queueing import queued_once
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.operations import Notice
from billhead.plugin import Addressing
from billhead.plugin_host import vault

__all__ = ["send_code"]

_A_DAY = 5  # each costs the operator money, and a stranger's sleep


@verb("notifications.send_code")
def send_code(tx: Tx, customer_id: int, channel: str, address: str) -> None:
    """Raises NotFound for a channel that is not there, InvalidInput for an empty address, Conflict after the fifth."""
    check_own(tx, customer_id)
    connectable(tx.session, channel, Addressing.TYPED)
    address = "".join(sign for sign in address if sign not in " ()-./")
    if not address or len(address) > 100 or not address.isprintable():
        raise InvalidInput("address", "is needed", hint="enter it with the country, like +358401234567")
    since = clock.now() - timedelta(days=1)
    sent = select(func.count()).where(
        Notice.customer_id == customer_id, Notice.kind == "channel_code", Notice.created_at > since
    )
    if int(tx.session.scalar(sent) or 0) >= _A_DAY:
        raise Conflict("Five codes were sent within a day.", hint="try again tomorrow")
    code = f"{secrets.randbelow(10**6):06d}"
    started_anew(tx, customer_id, channel, address, code)
    data = {"sealed_code": vault().encrypt(code)}
    to: dict[str, Any] = {"customer_id": customer_id, "channel": channel, "recipient": address}
    queued_once(tx, "channel_code", f"channel_code:{secrets.token_hex(8)}", data, **to)
