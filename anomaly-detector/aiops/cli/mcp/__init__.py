"""`aiops mcp`: the engine's answers as tools of the Model Context Protocol, for agents."""

from aiops.cli.mcp.command import mcp_command

__all__ = ["mcp_command"]
