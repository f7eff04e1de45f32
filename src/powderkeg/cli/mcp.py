"""`powderkeg mcp`: the tools for agents, over standard input and output."""

from __future__ import annotations

from powderkeg.cli.options import ConfigOption, DataOption, data_dir


def mcp(data: DataOption = None, config: ConfigOption = None) -> None:
    """Serve read-only tools to an agent (Model Context Protocol, stdio); needs the extra `powderkeg[mcp]`."""
    from powderkeg.mcp.server import run

    run(data_dir(data, config))
