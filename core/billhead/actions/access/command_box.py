"""Tell a line's box to do something: start anew, load its channels. Who did, and what came of it, is written down."""

from dataclasses import dataclass

from billhead.actions.access._box import Saying, say_to_box
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.plugin import BoxCommand

__all__ = ["BoxCommanded", "command_box"]

_LAST_CHANNEL = 99_999


@dataclass(frozen=True, slots=True)
class BoxCommanded:
    """`problem` is empty when the panel took it; the box hears of it when it asks next, if it is on."""

    service_id: int
    problem: str = ""


def command_box(ctx: Context, service_id: int, command: BoxCommand, channel: int | None = None) -> BoxCommanded:
    """Sent once: a box that was told twice starts twice, so an answer that was lost stays a doubt.

    Raises InvalidInput (`channel`, where the command names one), NotFound, NotAllowed (`too_often`), Conflict (not on
    a panel, or its panels are frozen, or it has no box that can be told this).
    """
    if command.names_channel and (channel is None or not 0 < channel <= _LAST_CHANNEL):
        raise InvalidInput("channel", f"say which, by its number from 1 to {_LAST_CHANNEL}")
    told = channel if command.names_channel else None
    saying = Saying(
        "access.command",
        {"command": str(command), **({} if told is None else {"channel": told})},
        can=lambda able: command in able.commands,
        say=lambda one: one.view.module.command(one.view.connection, one.desired, command, told),
        lacking="This line has no box that can be told this.",
        done="sent",
        doubtful="The panel's answer was lost: the box may do it. It is not sent again by itself.",
    )
    return BoxCommanded(service_id, say_to_box(ctx, service_id, saying))
