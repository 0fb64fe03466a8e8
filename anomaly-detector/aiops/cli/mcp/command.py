"""`aiops mcp`."""

from typing import Final

import click
from click.core import ParameterSource

from aiops.cli.common import UsageError, default_url, engine_options

ACKNOWLEDGE: Final = "acknowledge"
COMMENT: Final = "comment"
SCOPES: Final = (ACKNOWLEDGE, COMMENT)
"""What agents may do beside reading, where it is allowed."""


@click.command("mcp")
@engine_options
@click.option(
    "--http",
    "address",
    metavar="HOST:PORT",
    help="Serve over streamable HTTP at /mcp, each caller with its own token. [default: standard input and output]",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="Further host name under which --http answers; may be repeated.",
)
@click.option(
    "--allow",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="What agents may do beside reading; may be repeated. [default: nothing]",
)
def mcp_command(
    url: str | None, token: str | None, address: str | None, names: tuple[str, ...], scopes: tuple[str, ...]
) -> None:
    """Give agents the incidents, evidence, traces and objectives of a running engine, as tools of MCP.

    Without --http an agent starts this command itself and speaks over its standard input and output; in its settings:
    {"command": "aiops", "args": ["mcp"], "env": {"AIOPS_TOKEN": "..."}}. Agents only read, unless --allow says more.
    """
    try:
        from aiops.cli.mcp.serving import over_http, over_stdio
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is not installed; install it with: pip install 'aiops[mcp]'") from None
    engine = url or default_url()
    if address is None:
        over_stdio(engine, token, frozenset(scopes))
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"--http {address!r}: an address is like 127.0.0.1:8010")
    given = click.get_current_context().get_parameter_source("token")
    if token and given != ParameterSource.DEFAULT:  # by default it is the first of the file of tokens
        raise UsageError(
            "--token (AIOPS_TOKEN) is for standard input and output; over --http each caller sends its own token"
        )
    click.echo(f"MCP  http://{address}/mcp  of {engine}", err=True)
    over_http(engine, host.strip("[]"), int(port), frozenset(scopes), names)
