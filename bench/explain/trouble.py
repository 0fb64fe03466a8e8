"""What is wrong while a fault lasts."""

from dataclasses import dataclass, field

from bench.explain.graph import Call


@dataclass(slots=True)
class Trouble:
    """What is wrong while a fault lasts; keys are operations, services, hosts, dependencies.

    slower, times, errors, hangs: by operation: added seconds, factor on how often its first call is made, shares that
    fail, that do not answer. only: the attribute and value that `slower` and `errors` are limited to. starved: factor
    on the work of a service, or host. delays: seconds by caller and callee, "" is every caller. queries: seconds
    added by a dependency. broken: a dependency refuses so often. added: calls that were made from a cache before.
    skipped: the call left out, by place. checks: operations that find an empty answer out. reordered: operations that
    make their calls backwards; the first is answered by an error so often. deployed: services with a new version on
    their first instance. mix: new shares of the kinds of requests, by entry.
    """

    slower: dict[str, float] = field(default_factory=dict)
    only: tuple[str, str] = ("", "")
    starved: dict[str, float] = field(default_factory=dict)
    delays: dict[tuple[str, str], float] = field(default_factory=dict)
    queries: dict[str, float] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    doubled: set[str] = field(default_factory=set)
    added: dict[str, tuple[Call, ...]] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    hangs: dict[str, float] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    broken: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    checks: set[str] = field(default_factory=set)
    reordered: dict[str, float] = field(default_factory=dict)
    deployed: dict[str, float] = field(default_factory=dict)
    mix: dict[str, tuple[float, ...]] = field(default_factory=dict)


NOTHING = Trouble()
