"""What this plugin offers to Billhead: the provisioning module `xtream`."""

from collections.abc import Sequence

from billhead.plugin import ProvisioningModule, hookimpl
from billhead_xtream.module import XtreamModule

API = 1


@hookimpl
def provisioning_modules() -> Sequence[ProvisioningModule]:
    return [XtreamModule()]
