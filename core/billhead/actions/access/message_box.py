"""Put a text on the screen of a line's box. Who did, what it said and what came of it is written down."""

import re
from dataclasses import dataclass

from billhead.actions.access._box import Saying, say_to_box
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput

__all__ = ["LONGEST", "LONGEST_ADDRESS", "BoxMessaged", "message_box"]

LONGEST = 500
LONGEST_ADDRESS = 500
_VIDEO = re.compile(r"https?://[^\s/]\S*")


@dataclass(frozen=True, slots=True)
class BoxMessaged:
    """`problem` is empty when the panel took the text; a box that is off shows it when it is on again."""

    service_id: int
    problem: str = ""


def message_box(ctx: Context, service_id: int, text: str, video: str = "") -> BoxMessaged:
    """Sent once: an answer that was lost stays a doubt. `video` is the address of what the box plays with the text.

    Raises NotFound, InvalidInput, NotAllowed (`too_often`), Conflict (not on a panel, or its panels are frozen, or
    it has no box that shows texts, or plays a video with them).
    """
    text, video = text.strip(), video.strip()
    if not text or len(text) > LONGEST:
        raise InvalidInput("text", f"from 1 to {LONGEST} characters")
    if video and (len(video) > LONGEST_ADDRESS or not _VIDEO.fullmatch(video)):
        raise InvalidInput("video", "an address that begins with http:// or https://")
    with_video = {"video": video} if video else {}
    saying = Saying(
        "access.message",
        {"text": text, **with_video},
        can=lambda able: able.message_videos if video else able.messages,
        say=lambda one: one.view.module.show_message(one.view.connection, one.desired, text, **with_video),
        lacking="This line has no box that plays videos." if video else "This line has no box that shows texts.",
        done="shown",
        doubtful="The panel's answer was lost: the text may be on the screen. It is not sent again by itself.",
    )
    return BoxMessaged(service_id, say_to_box(ctx, service_id, saying))
