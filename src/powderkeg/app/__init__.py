"""Wiring: the only layer that knows every room. Libraries of recorded data, replays, the demo, settings."""
