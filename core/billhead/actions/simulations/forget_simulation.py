"""Remove a simulation that has ended, with its result."""

from dataclasses import dataclass

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.simulations import Simulation

__all__ = ["SimulationForgotten", "forget_simulation"]


@dataclass(frozen=True, slots=True)
class SimulationForgotten:
    simulation_id: int


@verb("simulations.forget", permission="simulations.write")
def forget_simulation(tx: Tx, simulation_id: int) -> SimulationForgotten:
    """Raises NotFound, or Conflict for one that goes on."""
    row = tx.session.get(Simulation, simulation_id, with_for_update=True)
    if row is None:
        raise NotFound("simulation", simulation_id)
    if row.state in ("queued", "running"):
        raise Conflict(f"simulation {simulation_id} goes on", hint="call it off first")
    tx.session.delete(row)
    return SimulationForgotten(simulation_id)
