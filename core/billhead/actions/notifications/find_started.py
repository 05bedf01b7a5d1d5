"""Ask a channel who has started the talk, and connect all whose codes we made: whoever asks, all are found."""

from collections.abc import Sequence

from sqlalchemy import select

from billhead import clock
from billhead.actions.exchange import exchange
from billhead.actions.notifications._channels import connectable
from billhead.actions.notifications._codes import digests_of, proves
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.notices import NoticeAddress
from billhead.models.operations import PluginStorage
from billhead.plugin import Addressing, Started, StartedChannel
from billhead.plugin_host import channel_connection, plugins

__all__ = ["find_started"]

_MARK = "started_after"


def find_started(ctx: Context, channel: str) -> int:
    """How many were connected. Raises NoticeNotSent when the other side can't be asked."""

    def intend(tx: Tx) -> int:
        connectable(tx.session, channel, Addressing.STARTED)
        row = tx.session.get(PluginStorage, _place(channel))
        return int(row.value) if row is not None else 0

    def call(after: int) -> Sequence[Started]:
        talker = plugins().channel(channel)
        if not isinstance(talker, StartedChannel):
            raise NotFound("channel", channel)
        return talker.started(channel_connection(channel), after)

    def record(tx: Tx, after: int, found: Sequence[Started]) -> int:
        if found:
            plugin, name = _place(channel)
            mark = max(after, *(one.mark for one in found))
            tx.session.merge(PluginStorage(plugin=plugin, key=name, value=mark))
        return sum(_connected(tx, channel, one) for one in found)

    return exchange(ctx, intend=intend, call=call, record=record) or 0


def _place(channel: str) -> tuple[str, str]:
    return plugins().channel_plugin(channel).name, _MARK


def _connected(tx: Tx, channel: str, begun: Started) -> bool:
    theirs = select(NoticeAddress).where(
        NoticeAddress.channel == channel, NoticeAddress.code_digest.in_(digests_of(channel, begun.code))
    )
    row = tx.session.scalar(theirs.with_for_update())
    if row is None or not proves(row, begun.code):
        return False
    row.address, row.confirmed_at, row.code_digest = begun.address, clock.now(), ""
    return True
