"""Ask for a simulation: it is lived by a job, in a process of its own and over a copy."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.scheduling import enqueue
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.simulation import Order, check_order
from billhead.models.simulations import Simulation

__all__ = ["SimulationAsked", "ask_simulation"]

_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SimulationAsked:
    simulation_id: int


@verb("simulations.ask", permission="simulations.write")
def ask_simulation(tx: Tx, order: Order, payments: str) -> SimulationAsked:
    """`payments` is how `order.payments` was typed. Raises InvalidInput for a span that can't be simulated."""
    now = clock.business_now()
    check_order(order, now.date())
    if not 0 <= order.seed <= _LARGEST_SEED:
        raise InvalidInput("seed", f"must be from 0 to {_LARGEST_SEED}")
    row = Simulation(
        first_day=order.first,
        last_day=order.last,
        payments=payments,
        seed=order.seed,
        began_at=now,
        asked_by=tx.ctx.actor,
        created_at=clock.now(),
    )
    tx.session.add(row)
    tx.session.flush()
    # a lane: a simulation takes a processor, and two would take it from the shop
    enqueue(tx, "simulations.run", {"simulation_id": row.id}, key=f"simulation:{row.id}", lane="simulations")
    return SimulationAsked(row.id)
