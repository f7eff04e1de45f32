"""What happens if price gets there: ladder, impact, depth, simulation and an exact exchange."""

from powderkeg.cascade.ladder import Ladder, Outcome, Reach, ladder, reach
from powderkeg.cascade.rungs import Rung, rungs

__all__ = ["Ladder", "Outcome", "Reach", "Rung", "ladder", "reach", "rungs"]
