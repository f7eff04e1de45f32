"""Simulated exchanges that speak the venues' real protocols over real sockets, on loopback, without TLS.

    >>> from powderkeg.testing.venues import Scenario, predict
    >>> story = Scenario(seed=7, messages_per_s=500, duration_s=10, venues=("bybit",))
    >>> ledger = predict(story, "bybit")
    >>> ledger.frames["made"], ledger.frames["delivered"]
    (900, 900)

A story (`Scenario`, `SqueezeStory`) says what happens, from a seed; `SimulatedVenue` serves one venue of it,
`SimulatedVenues` all of them; `Fault`s disturb it, by plan or on demand; the `Ledger` knows what was sent, lost and
repeated, to the nano-dollar, and `predict` tells beforehand what a run will come to. Everything here is simulated.
"""

from powderkeg.testing.venues.contracts import LISTED
from powderkeg.testing.venues.faults import FAULTS, Fault, random_faults
from powderkeg.testing.venues.fleet import SimulatedVenues
from powderkeg.testing.venues.ledger import ForcedTotals, Ledger
from powderkeg.testing.venues.oracle import predict
from powderkeg.testing.venues.protocols import PROTOCOLS, VenueProtocol, protocol_of
from powderkeg.testing.venues.scenario import SIMULATED, Scenario
from powderkeg.testing.venues.server import Playback, SimulatedVenue
from powderkeg.testing.venues.squeeze_story import SqueezeStory
from powderkeg.testing.venues.story import Forced, SimulatedFrame, Story

__all__ = [
    "FAULTS",
    "LISTED",
    "PROTOCOLS",
    "SIMULATED",
    "Fault",
    "Forced",
    "ForcedTotals",
    "Ledger",
    "Playback",
    "Scenario",
    "SimulatedFrame",
    "SimulatedVenue",
    "SimulatedVenues",
    "SqueezeStory",
    "Story",
    "VenueProtocol",
    "predict",
    "protocol_of",
    "random_faults",
]
