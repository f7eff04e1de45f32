"""Where leverage sits: an estimated map of liquidation levels, its calibration and its score."""
