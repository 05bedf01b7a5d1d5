"""Periodic work of plugins: each run is a job row of one kind, so it is leased, retried and visible like any other."""

from collections.abc import Mapping
from typing import Any

from billhead.domain.context import Context
from billhead.domain.errors import PluginFailed
from billhead.jobs.kinds import job_kind
from billhead.plugin import current_host
from billhead.plugin_host import plugins

__all__ = ["PLUGIN_JOB"]

PLUGIN_JOB = "plugins.periodic"


@job_kind(PLUGIN_JOB, max_tries=3)
def _run(_ctx: Context, args: Mapping[str, Any]) -> None:
    """Few tries: the next slot brings a new job anyway. A plugin that is switched off has nothing to do."""
    for plugin, job in plugins().periodic_jobs():
        if (plugin, job.code) == (args["plugin"], args["code"]):
            try:
                job.run(current_host(plugin))
            except Exception as error:
                raise PluginFailed(plugin, f"{job.code}: {type(error).__name__}: {error}") from error
