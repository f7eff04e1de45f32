"""Sockets to frames: connect, stay connected, notice silence, say what was missed.

Frames are delivered as they came, with the time of their receipt; what they mean is for `venues` to say.
"""
