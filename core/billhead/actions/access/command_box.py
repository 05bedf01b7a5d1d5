"""Tell a line's box to do something: start anew, load its channels. Who did, and what came of it, is written down."""

from dataclasses import dataclass

from billhead.actions.access._box import Saying, say_to_box
from billhead.domain.context import Context
from billhead.plugin import BoxCommand

__all__ = ["BoxCommanded", "command_box"]


@dataclass(frozen=True, slots=True)
class BoxCommanded:
    """`problem` is empty when the panel took it; the box hears of it when it asks next, if it is on."""

    service_id: int
    problem: str = ""


def command_box(ctx: Context, service_id: int, command: BoxCommand) -> BoxCommanded:
    """Sent once: a box that was told twice starts twice, so an answer that was lost stays a doubt.

    Raises NotFound, NotAllowed (`too_often`), Conflict (not on a panel, or its panels are frozen, or it has no box
    that can be told this).
    """
    saying = Saying(
        "access.command",
        {"command": str(command)},
        can=lambda able: command in able.commands,
        say=lambda one: one.view.module.command(one.view.connection, one.desired, command),
        lacking="This line has no box that can be told this.",
        done="sent",
        doubtful="The panel's answer was lost: the box may do it. It is not sent again by itself.",
    )
    return BoxCommanded(service_id, say_to_box(ctx, service_id, saying))
