"""Where leverage sits: an estimated map of liquidation levels, its calibration and its score."""

from powderkeg.liqmap.bars import Bars
from powderkeg.liqmap.calibrate import Calibration, calibrate
from powderkeg.liqmap.cards import SeriesScore
from powderkeg.liqmap.estimate import Estimate, LevelMap, MapSettings, estimate
from powderkeg.liqmap.fuel import fuel_profile
from powderkeg.liqmap.heatmap import Heatmap, heatmap
from powderkeg.liqmap.kernel import MapKernel
from powderkeg.liqmap.measured import Position, measured_map
from powderkeg.liqmap.modelled import Modelled
from powderkeg.liqmap.reading import Cluster, LiquidationMap, MarketCoverage, add_maps, clusters
from powderkeg.liqmap.score import Scorecard, score
from powderkeg.liqmap.screen import Screen, ScreenRow, screen

__all__ = [
    "Bars",
    "Calibration",
    "Cluster",
    "Estimate",
    "Heatmap",
    "LevelMap",
    "LiquidationMap",
    "MapKernel",
    "MapSettings",
    "MarketCoverage",
    "Modelled",
    "Position",
    "Scorecard",
    "Screen",
    "ScreenRow",
    "SeriesScore",
    "add_maps",
    "calibrate",
    "clusters",
    "estimate",
    "fuel_profile",
    "heatmap",
    "measured_map",
    "score",
    "screen",
]
