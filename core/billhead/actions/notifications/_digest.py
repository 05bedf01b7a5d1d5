"""What a digest tells: each notice that was held for it, in its own subject, with the page that leads on.

kind                                         ids in `data`
digest                                       notices: those that it tells of
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._render import named_facts, render
from billhead.actions.notifications._values import Address, Happening, Happenings
from billhead.domain.errors import NoticeRejected
from billhead.models.operations import Notice
from billhead.plugin_host.current import config
from billhead.wording import Wording

__all__ = ["digest_facts"]

_LEADS_TO = {
    "low_credit": "credit.url",
    "renewals_short": "renewals.buy_url",
    "shop_host": "host.url",
    "shop_waiting": "shop.buy_url",
    "ticket_answer": "ticket.url",
    "ticket_news": "ticket.staff_url",
    "ticket_opened": "ticket.url",
    "upstream_cap": "panel.url",
    "upstream_low": "panel.url",
    "user_canceled": "user.url",
    "users_ending": "ending.url",
}
"""Kind → the fact that is its page; the account for all others."""

Gather = Callable[[Session, Notice], dict[str, Any]]


def digest_facts(session: Session, notice: Notice, gather: Gather) -> Mapping[str, Any]:
    """Raises NoticeRejected when nothing of it is true any more: an empty one is not sent."""
    told = list(_happened(session, notice, gather))
    if not told:
        raise NoticeRejected("nothing that this digest tells of is true any more")

    def counted(words: Wording) -> str:
        return words.count("%(count)d thing has happened", "%(count)d things have happened", len(told))

    if notice.customer_id is None:
        url = f"{config().base_url}/admin/what-i-am-told"
    else:
        url = f"{home_of(session, notice)}/account/notifications"
    return {"digest": {"counted": counted, "happened": Happenings(told), "choices_url": Address(url)}}


def _happened(session: Session, notice: Notice, gather: Gather) -> Iterator[Happening]:
    theirs = Notice.customer_id == notice.customer_id
    if notice.customer_id is None:
        theirs &= Notice.user_id == notice.user_id
    rows = select(Notice).where(Notice.id.in_(notice.data.get("notices", [])), theirs)
    for one in session.scalars(rows.order_by(Notice.id)):
        try:
            facts = gather(session, one)
            said = render(one.kind, facts).subject
        except NoticeRejected:  # what it is about is gone
            continue
        url = named_facts(facts).get(_LEADS_TO.get(one.kind, ""), facts["account_url"])
        yield Happening(said, one.created_at, str(url))
