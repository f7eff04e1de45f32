"""Simulated exchanges that speak the venues' real protocols over real sockets."""
