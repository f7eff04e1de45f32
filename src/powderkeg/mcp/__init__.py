"""Tools for agents: the same read-only questions as the command line, answered with coverage and method."""
