"""The MCP server on standard input and output, over the official SDK. One question at a time, each in a thread."""
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from powderkeg import __version__
from powderkeg.app.library import Library
from powderkeg.domain.errors import ConfigError, InputError, PowderkegError
from powderkeg.mcp.tools import NOTE, TOOLS, call, refused

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel.server import Server


def run(data_dir: Path) -> None:
    """Serve until the input ends.

    Raises:
        ConfigError: the extra is not installed.
        InputError: there is no such data directory.
    """
    try:
        import anyio  # noqa: PLC0415 - comes with the extra
        from mcp.server.stdio import stdio_server  # noqa: PLC0415 - same
    except ImportError as error:
        raise ConfigError(
            "tools for agents need the extra: pip install 'powderkeg[mcp]' (the official mcp SDK, 2.0 or newer)"
        ) from error
    if not data_dir.is_dir():
        raise InputError(f"no data directory at {data_dir}; name one with --data, or import a file first")

    async def serve() -> None:
        with Library(data_dir) as library:
            server = make_server(library)
            async with stdio_server() as (read_stream, write_stream):
                await server.run(read_stream, write_stream, server.create_initialization_options())

    anyio.run(serve)


def make_server(library: Library) -> Server[Any]:
    """The server over a library; nothing in it writes."""
    import anyio  # noqa: PLC0415 - comes with the extra
    import anyio.to_thread  # noqa: PLC0415 - same
    import mcp_types as types  # noqa: PLC0415 - same
    from mcp.server.lowlevel.server import Server  # noqa: PLC0415 - same

    turn = anyio.Lock()

    async def list_tools(
        _context: ServerRequestContext[Any], _asked: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.description,
                    input_schema=tool.schema,
                    annotations=types.ToolAnnotations(
                        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
                    ),
                )
                for tool in TOOLS
            ]
        )

    async def call_tool(
        _context: ServerRequestContext[Any], asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        async with turn:
            try:
                told = await anyio.to_thread.run_sync(call, library, asked.name, asked.arguments)
                is_error = False
            except PowderkegError as error:
                told, is_error = refused(error), True
        text = msgspec.json.encode(told).decode()
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], structured_content=told, is_error=is_error
        )

    return Server("powderkeg", version=__version__, instructions=NOTE, on_list_tools=list_tools, on_call_tool=call_tool)
