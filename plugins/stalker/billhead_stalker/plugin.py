"""The entry point: offers the module `stalker`."""

from collections.abc import Sequence

from billhead.plugin import ProvisioningModule, hookimpl
from billhead_stalker.module import StalkerModule

API = 1


@hookimpl
def provisioning_modules() -> Sequence[ProvisioningModule]:
    return [StalkerModule()]
