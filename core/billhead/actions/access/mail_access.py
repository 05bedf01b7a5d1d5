"""Send the access details of a line by mail, once more."""

from dataclasses import dataclass
from datetime import timedelta

from billhead import clock
from billhead.actions.access._limits import count_try
from billhead.actions.access._lines import living, visible_line
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict

__all__ = ["AccessMailed", "mail_access"]


@dataclass(frozen=True, slots=True)
class AccessMailed:
    service_id: int
    notice_id: int


@verb("access.mail")
def mail_access(tx: Tx, service_id: int) -> AccessMailed:
    """To the customer's address and no other. What it says is read when it is sent, and kept nowhere.

    Raises NotFound, Conflict (not on a panel, or no address), NotAllowed (too often).
    """
    line = visible_line(tx, service_id)
    living(line.service)
    refusal = "It was sent often enough for today. Look into the spam folder, or ask us."
    count_try(tx, f"mail:{service_id}", line.rules.mails_a_day, timedelta(days=1), refusal)
    data = {"service_id": service_id, "customer_id": line.subscription.customer_id}
    key = f"access:{service_id}:{clock.now().isoformat()}"
    notice_id = queue_notice(tx, line.subscription.customer_id, "access", key, data)
    if notice_id is None:
        raise Conflict("There is no mail address to send it to.")
    return AccessMailed(service_id, notice_id)
