"""The catalogue of services from its file: a plain one, or entities of Backstage."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from aiops.config import Settings
from aiops.model.catalog import Catalog, CatalogEntry
from aiops.model.errors import InvalidInput

BACKSTAGE: Final = "backstage.io/"
RUNBOOK: Final = "runbook"
ON_CALL, RUNBOOK_URL, SERVICE, SLACK = "aiops/on-call", "aiops/runbook-url", "aiops/service", "aiops/slack"
"""Annotations of Backstage's entities."""


T = TypeVar("T", bound=BaseModel)


class BadCatalog(InvalidInput):
    """The file cannot be used; the message names the file, the key, its value and what is allowed."""


def _web(address: str) -> str:
    if not address.startswith(("http://", "https://")):
        raise ValueError("an address is like https://wiki.example.org/payment")
    return address


def _calendar(address: str) -> str:
    scheme, found, _ = address.partition("://")
    if found and scheme not in ("http", "https", "file"):
        raise ValueError("a calendar is a file, or an address like https://example.org/payments.ics")
    return address


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Web = Annotated[Text, AfterValidator(_web)]
Calendar = Annotated[Text, AfterValidator(_calendar)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Service(_Strict):
    owner: Text | None = None
    runbook: Web | None = None
    slack: Text | None = None
    contact: Text | None = None
    on_call: Calendar | None = None


class _Plain(_Strict):
    services: dict[Text, _Service]


class _Open(BaseModel):
    """Part of an entity, which may have more than is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Link(_Open):
    url: Web
    title: str = ""
    type: str = ""


class _Metadata(_Open):
    name: Text
    annotations: dict[str, str] = Field(default_factory=dict)
    links: tuple[_Link, ...] = ()


class _Profile(_Open):
    display_name: str = Field("", alias="displayName")
    email: str = ""


class _ComponentSpec(_Open):
    owner: Text


class _GroupSpec(_Open):
    profile: _Profile = _Profile()


class _Component(_Open):
    kind: Literal["Component"]
    metadata: _Metadata
    spec: _ComponentSpec


class _Group(_Open):
    kind: Literal["Group"]
    metadata: _Metadata
    spec: _GroupSpec = _GroupSpec()


def of(settings: Settings) -> Catalog:
    """Return the catalogue of the settings. Raises BadCatalog."""
    return load_catalog(Path(settings.catalog_file).expanduser()) if settings.catalog_file else Catalog()


def load_catalog(path: Path) -> Catalog:
    """Read a catalogue: `services: {payment: {owner: …, runbook: …, slack: …, contact: …, on_call: …}}`, or documents
    of Backstage (Component and Group). A relative file of a calendar lies beside this one. Raises BadCatalog."""
    try:
        documents = [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one is not None]
    except (OSError, UnicodeError) as error:
        raise BadCatalog(f"cannot read the catalogue {path}: {error}") from None
    except yaml.YAMLError as error:
        raise BadCatalog(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if any(isinstance(one, Mapping) and str(one.get("apiVersion", "")).startswith(BACKSTAGE) for one in documents):
        return Catalog(_backstage(path, documents))
    if len(documents) > 1:
        raise BadCatalog(f"{path}: `services`: a plain catalogue is one document, not {len(documents)}")
    found = _validated(_Plain, documents[0] if documents else {}, path, "")
    return Catalog(
        {
            name: CatalogEntry(
                service=name,
                owner=one.owner or "",
                runbooks=((name, one.runbook),) if one.runbook else (),
                slack=one.slack or "",
                contact=one.contact or "",
                on_call=_located(one.on_call, path),
            )
            for name, one in found.services.items()
        }
    )


def _backstage(path: Path, documents: Sequence[Any]) -> dict[str, CatalogEntry]:
    components: list[_Component] = []
    groups: dict[str, _Group] = {}
    for number, one in enumerate(documents, 1):
        where = f"document {number}: "
        if not isinstance(one, Mapping):
            raise BadCatalog(f"{path}: {where}an entity is a mapping with apiVersion, kind and metadata")
        if one.get("kind") == "Component":
            components.append(_validated(_Component, one, path, where))
        elif one.get("kind") == "Group":
            group = _validated(_Group, one, path, where)
            groups[group.metadata.name.lower()] = group
    found: dict[str, CatalogEntry] = {}
    for component in components:
        entry = _entry(component, groups.get(_name(component.spec.owner).lower()), path)
        if entry.service in found:
            raise BadCatalog(f"{path}: `metadata.name`: there are two components for the service {entry.service!r}")
        found[entry.service] = entry
    return found


def _entry(component: _Component, group: _Group | None, path: Path) -> CatalogEntry:
    meta = component.metadata
    theirs = group.metadata.annotations if group is not None else {}
    profile = group.spec.profile if group is not None else _Profile()
    service = meta.annotations.get(SERVICE) or meta.name
    books = [(one.title or service, one.url) for one in meta.links if RUNBOOK in f"{one.type} {one.title}".lower()]
    if written := meta.annotations.get(RUNBOOK_URL):
        books.insert(0, (service, _checked(_web, written, path, RUNBOOK_URL)))
    calendar = meta.annotations.get(ON_CALL) or theirs.get(ON_CALL, "")
    return CatalogEntry(
        service=service,
        owner=profile.display_name or _name(component.spec.owner),
        runbooks=tuple(books),
        links=tuple(
            (one.title or one.url, one.url) for one in meta.links if (one.title or "runbook", one.url) not in books
        ),
        slack=meta.annotations.get(SLACK) or theirs.get(SLACK, ""),
        contact=profile.email,
        on_call=_located(_checked(_calendar, calendar, path, ON_CALL) if calendar else None, path),
    )


def _name(reference: str) -> str:
    """Return the name of an entity reference: `group:default/payments` is `payments`."""
    return reference.rpartition(":")[2].rpartition("/")[2]


def _located(calendar: str | None, path: Path) -> str:
    if not calendar or "://" in calendar:
        return calendar or ""
    return str(path.parent / Path(calendar).expanduser())


def _checked(check: Any, value: str, path: Path, key: str) -> str:
    try:
        return str(check(value))
    except ValueError as error:
        raise BadCatalog(f"{path}: `metadata.annotations.{key}`: {error}, not {value!r}") from None


def _validated(model: type[T], given: object, path: Path, where: str) -> T:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":  # only plain catalogues are closed
            known = ", ".join(_Service.model_fields if len(first["loc"]) > 1 else _Plain.model_fields)
            raise BadCatalog(f"{path}: {where}`{key}` is not known here; known: {known}") from None
        reason = first["msg"].removeprefix("Value error, ")
        value = f", not {first['input']!r}" if not isinstance(first["input"], dict) else ""
        raise BadCatalog(f"{path}: {where}`{key}`: {reason[0].lower()}{reason[1:]}{value}") from None
