"""The channels that are switched on and set up, and how each comes by addresses."""

from sqlalchemy.orm import Session

from billhead.domain.errors import BillheadError, NotFound
from billhead.models.operations import PluginState
from billhead.plugin import Addressing, NotificationChannel
from billhead.plugin_host import open_settings, plugins

__all__ = ["EMAIL", "addressing", "channels_by", "connectable", "is_copy", "set_up_channels"]

EMAIL = "email"


def addressing(channel: NotificationChannel) -> Addressing:
    return getattr(channel, "addressing", Addressing.EMAIL)


def is_copy(code: str) -> bool:
    """Of a channel that is switched off it is not known: then it is none."""
    offered = plugins().offers("notification_channels")
    return any(channel.code == code and addressing(channel) is Addressing.COPY for _, channel in offered)


def channels_by(session: Session, *ways: Addressing) -> list[NotificationChannel]:
    """Those whose addresses come about so. One without settings that work is left out: it could send nothing."""
    return [channel for _, channel in set_up_channels(session) if addressing(channel) in ways]


def set_up_channels(session: Session) -> list[tuple[str, NotificationChannel]]:
    """(plugin, channel) of those that have settings which work."""
    offered = plugins().offers("notification_channels")
    return [(name, channel) for name, channel in offered if _set_up(session, name)]


def connectable(session: Session, code: str, *ways: Addressing) -> NotificationChannel:
    """The channel of that code, if a customer may connect it in one of these ways; raises NotFound."""
    for channel in channels_by(session, *ways):
        if channel.code == code:
            return channel
    raise NotFound("channel", code)


def _set_up(session: Session, plugin: str) -> bool:
    settings_type = plugins().get(plugin).settings_type
    if settings_type is None:
        return True
    row = session.get(PluginState, plugin) or PluginState(name=plugin, settings={}, secrets="")
    try:
        open_settings(settings_type, row)
    except BillheadError:
        return False
    return True
