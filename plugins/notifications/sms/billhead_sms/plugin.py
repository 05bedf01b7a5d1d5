"""What this plugin offers to Billhead: the notification channel `sms`."""

from collections.abc import Sequence

from billhead.plugin import NotificationChannel, hookimpl
from billhead_sms.channel import SmsChannel

API = 1


@hookimpl
def notification_channels() -> Sequence[NotificationChannel]:
    return [SmsChannel()]
