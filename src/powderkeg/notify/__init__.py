"""Messages out: an outbox that outlives crashes, sinks over apprise, and the rules of what may be reached.

Delivery is at least once: a message is committed before it is sent, and marked only after the sink took it. Each
carries a key, by which a receiver can tell a repetition.
"""
