"""Call a simulation off, before it has begun or while it runs. Its copy is removed."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.simulations import Simulation

__all__ = ["SimulationCanceled", "cancel_simulation"]


@dataclass(frozen=True, slots=True)
class SimulationCanceled:
    simulation_id: int


@verb("simulations.cancel", permission="simulations.write")
def cancel_simulation(tx: Tx, simulation_id: int) -> SimulationCanceled:
    """The job that lives it looks every second and stops. Raises NotFound, or Conflict for one that has ended."""
    row = tx.session.get(Simulation, simulation_id, with_for_update=True)
    if row is None:
        raise NotFound("simulation", simulation_id)
    if row.state not in ("queued", "running"):
        raise Conflict(f"simulation {simulation_id} is {row.state}")
    row.state, row.finished_at = "canceled", clock.now()
    return SimulationCanceled(simulation_id)
