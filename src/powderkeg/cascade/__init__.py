"""What happens if price gets there: ladder, impact, depth, simulation and an exact exchange."""

from powderkeg.cascade.ladder import Ladder, Outcome, Reach, ladder, reach
from powderkeg.cascade.monte_carlo import simulate
from powderkeg.cascade.monte_carlo_inputs import Coin, Dynamics, Plan
from powderkeg.cascade.rungs import Rung, rungs
from powderkeg.cascade.simulation import Simulation

__all__ = [
    "Coin",
    "Dynamics",
    "Ladder",
    "Outcome",
    "Plan",
    "Reach",
    "Rung",
    "Simulation",
    "ladder",
    "reach",
    "rungs",
    "simulate",
]
