"""What this plugin offers to Billhead: the notification channel `whatsapp`."""

from collections.abc import Sequence

from billhead.plugin import NotificationChannel, hookimpl
from billhead_whatsapp.channel import WhatsAppChannel

API = 1


@hookimpl
def notification_channels() -> Sequence[NotificationChannel]:
    return [WhatsAppChannel()]
