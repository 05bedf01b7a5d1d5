"""What this plugin offers to Billhead: the notification channel `email`."""

from collections.abc import Sequence

from billhead.plugin import NotificationChannel, hookimpl
from billhead_email.channel import EmailChannel

API = 1


@hookimpl
def notification_channels() -> Sequence[NotificationChannel]:
    return [EmailChannel()]
