"""Call a simulation off, before it has begun or while it runs. Its copy is removed."""

from dataclasses import dataclass

from billhead.actions.long_work import call_off
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.simulations import Simulation

__all__ = ["SimulationCanceled", "cancel_simulation"]


@dataclass(frozen=True, slots=True)
class SimulationCanceled:
    simulation_id: int


@verb("simulations.cancel", permission="simulations.write")
def cancel_simulation(tx: Tx, simulation_id: int) -> SimulationCanceled:
    """Raises NotFound, or Conflict for one that has ended."""
    call_off(tx, Simulation, simulation_id, "simulation")
    return SimulationCanceled(simulation_id)
