"""The same work as many independent tasks: on this machine's processors, or on a Ray cluster."""
