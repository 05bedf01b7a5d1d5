"""What this plugin offers to Billhead: the notification channel `webhook`."""

from collections.abc import Sequence

from billhead.plugin import NotificationChannel, hookimpl
from billhead_webhook.channel import WebhookChannel

API = 1


@hookimpl
def notification_channels() -> Sequence[NotificationChannel]:
    return [WebhookChannel()]
