"""News are switched off by the link in one of them, and advertising with them; all else goes on."""

from billhead import clock
from billhead.actions.notifications._groups import NEWS
from billhead.actions.notifications._stop_links import read_stop_link
from billhead.actions.privacy._consents import end_consent
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.consent import Agreed
from billhead.domain.errors import NotFound
from billhead.models.notices import NoticeChoice
from billhead.models.people import Customer

__all__ = ["stop_news"]


@verb("notifications.stop_news")
def stop_news(tx: Tx, token: str) -> None:
    """The token is what permits it. Twice is as once. Raises NotFound for a token that is none of ours."""
    customer_id = read_stop_link(token)
    if tx.session.get(Customer, customer_id) is None:
        raise NotFound("link", "of this address")
    row = tx.session.get(NoticeChoice, customer_id) or NoticeChoice(customer_id=customer_id, channels={})
    row.channels = {**row.channels, NEWS: []}
    row.changed_at = clock.now()
    tx.session.add(row)
    end_consent(tx, customer_id, Agreed.MARKETING)
