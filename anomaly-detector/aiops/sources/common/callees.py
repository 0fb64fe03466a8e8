"""The callee of a client span, as far as the span names it: a database, a function, a host."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from aiops.model import names
from aiops.sources.common.conventions import first

_PORTS: Final = {"http": "80", "ws": "80", "https": "443", "wss": "443"}
# Default ports, which identify nothing.
_DATABASE_PORTS: Final = {
    "cassandra": "9042",
    "elasticsearch": "9200",
    "mariadb": "3306",
    "memcached": "11211",
    "microsoft.sql_server": "1433",
    "mongodb": "27017",
    "mssql": "1433",
    "mysql": "3306",
    "oracle.db": "1521",
    "postgresql": "5432",
    "redis": "6379",
}
_MARK: Final = "://"


def address(attributes: Mapping[str, str]) -> str:
    """Return a name of the callee where no service name is known; "" where the span has none.

    A database is named by its system and by what tells it from others: `postgresql://orders-db/orders` (see `shown`). A
    call that never connected may have no address; then the address is in the requested URL. The port is part of the
    name where the host alone identifies nothing: loopback and plain IP addresses.
    """
    host, port = first(attributes, names.SERVER_ADDRESS), first(attributes, names.SERVER_PORT)
    if system := first(attributes, names.DB_SYSTEM):
        return _database(system, host, port, first(attributes, names.DB_NAMESPACE))
    if function := attributes.get(names.FAAS_INVOKED, ""):
        return function
    if not host and (url := first(attributes, names.URL)):
        host, port = _of_url(url)
    if not host:
        host, port = first(attributes, names.NETWORK_ADDRESS), first(attributes, names.NETWORK_PORT)
    plain = host == "localhost" or ":" in host or host.replace(".", "").isdigit()
    return f"{host}:{port}" if port and plain and host else host


def _database(system: str, host: str, port: str, namespace: str) -> str:
    port = "" if port == _DATABASE_PORTS.get(system) else port
    # Numbered namespaces are parts of one database, as those of Redis.
    namespace = "" if namespace.isdigit() else namespace
    where = (f"{host}:{port}" if host and port else host) + (f"/{namespace}" if namespace else "")
    return f"{system}{_MARK}{where}" if where else system


def _of_url(url: str) -> tuple[str, str]:
    """Return host and port of a URL; two empty texts where it has none."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", str(parts.port or _PORTS.get(parts.scheme, ""))
    except ValueError:
        return "", ""


class Database(NamedTuple):
    """The parts of the address of a database."""

    system: str
    host: str
    namespace: str

    @classmethod
    def of(cls, address: str) -> "Database | None":
        """Read an address. Return None where it is no database, or where only its system is known."""
        system, mark, where = address.partition(_MARK)
        host, _, namespace = where.partition("/")
        return cls(system, host, namespace) if mark else None

    def differs(self, other: "Database") -> bool:
        """Whether both have a part, and it differs."""
        pairs = ((self.host, other.host), (self.namespace, other.namespace))
        return any(mine and its and mine != its for mine, its in pairs)


def system_of(address: str) -> str:
    """Return the system of a database; other addresses are returned unchanged."""
    return address.partition(_MARK)[0]


def shown(address: str, several: Collection[str]) -> str:
    """Return the name by which people know an address. A database is named by its system alone, unless there are
    `several` of that system."""
    system = system_of(address)
    return address if system in several else system


class Databases:
    """All known databases. Once two of a system are known, they are named by their whole addresses for good."""

    MOST: Final = 1000

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Database]] = {}
        self.several: frozenset[str] = frozenset()
        """Systems with more than one database. Replaced, never changed in place."""

    def learn(self, addresses: Iterable[str]) -> list[str]:
        """Take in addresses; returns those of new databases."""
        new = []
        for one in addresses:
            database = Database.of(one)
            if database is None:
                continue
            known = self._known.setdefault(database.system, {})
            if one in known or len(known) >= self.MOST:
                continue
            if any(database.differs(other) for other in known.values()):
                self.several |= {database.system}
            known[one] = database
            new.append(one)
        return new
