"""Simulated markets that speak the venues' real wire formats. Public: a user's own tests may build on it.

Everything made here is simulated and says so wherever it is shown.
"""
