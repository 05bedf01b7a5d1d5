"""What this plugin offers to Billhead: the notification channel `telegram`."""

from collections.abc import Sequence

from billhead.plugin import NotificationChannel, hookimpl
from billhead_telegram.channel import TelegramChannel

API = 1


@hookimpl
def notification_channels() -> Sequence[NotificationChannel]:
    return [TelegramChannel()]
