"""Staff send themselves a notice as it would look."""

import secrets
from typing import Any

from billhead import clock
from billhead.actions.notifications._channels import EMAIL
from billhead.actions.notifications._own_texts import check_text, check_there_is
from billhead.actions.notifications._queueing import queued_once
from billhead.actions.notifications._standard import WrittenText
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.people import User

__all__ = ["send_test_notice"]


@verb("notifications.send_test", permission="sellers.write")
def send_test_notice(
    tx: Tx, user_id: int, seller_id: int, kind: str, language: str, text: WrittenText, customer_id: int | None = None
) -> int | None:
    """To the address of that login of staff. Raises NotFound, and InvalidInput for a text that can't be filled in."""
    check_there_is(kind, language)
    check_text(kind, text)
    user = tx.session.get(User, user_id)
    if user is None or user.role != "staff":
        raise NotFound("login of staff", user_id)
    words = {"subject": text.subject, "body": text.body, "short": text.short}
    about = {"seller_id": seller_id, "language": language, "customer_id": customer_id}
    data: dict[str, Any] = {"test": {**about, "words": words, "at": clock.now().isoformat()}}
    to: dict[str, Any] = {"user_id": user.id, "recipient": user.email}
    return queued_once(tx, kind, f"test:{secrets.token_hex(8)}", data, channel=EMAIL, **to)
