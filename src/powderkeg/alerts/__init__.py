"""Alerts: what was observed goes in, messages come out; pure, with all of its memory in one serializable state.

    observation ─► rules, one per file ─► gates: hysteresis, cooldown ─► engine: silent, digest, quiet ─► message

Delivery, with its retries, stands in `delivery`; files and sockets are the business of `powderkeg.notify`.
"""
