"""A running engine as seen by the command line; its files, for reading, while none runs."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests

from aiops.http import reason
from aiops.model import Expectation, Incident, IncidentEvidence, IncidentFilter, Window, iso
from aiops.model.errors import AiopsError, StoreError
from aiops.model.safe import visible_in
from aiops.presentation.documents.base import Json
from aiops.presentation.evidence import evidence_document
from aiops.presentation.evidence_text import evidence_rows
from aiops.presentation.incident import incident_document
from aiops.presentation.numbers import duration, percent
from aiops.presentation.words import written

if TYPE_CHECKING:
    from aiops.store import SqlIncidents


class NotAnswered(AiopsError):
    """The engine did not do what was asked; the message says why."""


class NoEngine(NotAnswered):
    """No HTTP server listens at that address; `why` gives the reason in a few words."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"no engine answers at {url} ({why}); start one with `aiops up`, or give --url")
        self.why = why


class TooLarge(NotAnswered):
    """The answer would be larger than allowed: ask for less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which incidents to list, with the names of the API: `limit` None means all, `cursor` is the `next` of an earlier
    answer."""

    state: str
    severity: str | None = None
    service: str | None = None
    kind: str | None = None
    search: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int | None = None
    cursor: str | None = None


AT_ONCE = 200
"""The most incidents in one answer."""


class Remote:
    """A client of the API at `url`. Every method raises NotAnswered. An answer may take `seconds`. AIOPS_CA_FILE names
    the CA certificates (PEM) by which an engine with TLS is verified."""

    def __init__(self, url: str, token: str | None = None, seconds: float = 30.0) -> None:
        self._url, self._seconds = url.rstrip("/"), seconds
        self._verify = os.environ.get("AIOPS_CA_FILE") or True
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def incidents(self, wanted: Wanted) -> tuple[list[Json], str | None]:
        """Return the incidents, and the cursor of the next page (None at the end)."""
        return _paged(wanted, self._page_of)

    def _page_of(self, wanted: Wanted, limit: int, cursor: str | None) -> tuple[list[Json], str | None]:
        given = {**asdict(wanted), "limit": str(limit), "cursor": cursor}
        answer = self._call("GET", "/aiops/incidents", {key: str(one) for key, one in given.items() if one is not None})
        return answer["active_incidents"], answer["next"]

    def incident(self, name: str) -> Json:
        """Return one incident by its id."""
        return self._call("GET", f"/aiops/incidents/{quote(name, safe='')}")

    def act(self, name: str, what: str, body: Json | None = None) -> Json:
        """Do something to an incident, such as `acknowledge`; returns it afterwards."""
        return self._call("POST", f"/aiops/incidents/{quote(name, safe='')}/{what}", body=body)

    def export(self, name: str, form: str) -> str:
        """Return the post-mortem of an incident as text: `form` is md, json or html."""
        answer = self._ask("GET", f"/aiops/incidents/{quote(name, safe='')}/export", {"format": form})
        if not answer.ok:
            self._found(answer)
        answer.encoding = "utf-8"
        return answer.text

    def proposal(self, name: str) -> Json:
        """Return what would be learned of an incident if it were declared normal."""
        return self._call("GET", f"/aiops/incidents/{quote(name, safe='')}/normal")

    def accept(self, name: str, reason: str) -> Json:
        """Declare an incident normal; returns it afterwards."""
        return self.act(name, "normal", {"reason": reason})

    def slos(self) -> Json:
        """Return the status of all objectives."""
        return self._call("GET", "/aiops/slos")

    def objectives(self) -> list[Json]:
        """Return all objectives as OpenSLO documents."""
        found: list[Json] = self._call("GET", "/aiops/objectives")["documents"]
        return found

    def spans(self, window: Window) -> Json:
        """Return the raw spans that ended in a window as OTLP/JSON, with `complete`. Raises TooLarge too."""
        return self._call("GET", "/aiops/spans", _within(window))

    def explanation(self, asked: Mapping[str, str]) -> Json:
        """Return requests compared: `asked` are the parameters of the API."""
        return self._call("GET", "/aiops/explain", dict(asked))

    def series(self, metric: str, by: Sequence[str], window: Window, step: float) -> Json:
        """Return the values of a metric, told apart by labels, on a grid of steps (seconds)."""
        asked = {"metric": metric, "by": ",".join(by), "step": f"{step:g}", **_within(window)}
        return self._call("GET", "/aiops/series", asked)

    def changes(self, window: Window) -> list[Json]:
        """Return the changes of a window, oldest first."""
        found: list[Json] = self._call("GET", "/aiops/changes", _within(window))["changes"]
        return found

    def answer(self, path: str, params: Mapping[str, str | list[str]] | None = None) -> Json:
        """Return the JSON of a path of the API."""
        return self._call("GET", path, params)

    def change(self, path: str, body: Json | None = None) -> Json:
        """Post to a path of the API; returns what it answers."""
        return self._call("POST", path, body=body)

    def tokens(self) -> list[Json]:
        """Return the tokens that admins made."""
        found: list[Json] = self._call("GET", "/aiops/tokens")["tokens"]
        return found

    def add_token(self, name: str, role: str, days: float | None) -> Json:
        """Make a token; its secret is in the answer."""
        return self._call("POST", "/aiops/tokens", body={"name": name, "role": role, "days": days})

    def revoke_token(self, id_: str) -> Json:
        """End a token; returns it afterwards."""
        return self._call("POST", f"/aiops/tokens/{quote(id_, safe='')}/revoke")

    def users(self) -> list[Json]:
        """Return the people with a password."""
        found: list[Json] = self._call("GET", "/aiops/users")["users"]
        return found

    def add_user(self, name: str, role: str, password: str) -> Json:
        """Add somebody with a name and a password."""
        return self._call("POST", "/aiops/users", body={"name": name, "role": role, "password": password})

    def set_password(self, name: str, password: str) -> Json:
        """Set another password of a user."""
        return self._call("POST", f"/aiops/users/{quote(name, safe='')}/password", body={"password": password})

    def remove_user(self, name: str) -> Json:
        """Remove a user."""
        return self._call("POST", f"/aiops/users/{quote(name, safe='')}/remove")

    def actions(self, asked: Mapping[str, str]) -> Json:
        """Return actions, newest first, and `next`: `asked` are the parameters of the API."""
        return self._call("GET", "/aiops/actions", dict(asked))

    def action(self, name: str) -> Json:
        """Return one action by its id."""
        return self._call("GET", f"/aiops/actions/{quote(name, safe='')}")

    def decide_action(self, path: str, body: Json) -> Json:
        """Propose an action ("" as path), or decide about one (`ACT-1/approve`); returns it afterwards."""
        return self._call("POST", f"/aiops/actions/{path}".rstrip("/"), body=body)

    def audit(self, asked: Mapping[str, str]) -> Json:
        """Return rows of the audit, newest first, and `next`: `asked` are the parameters of the API."""
        return self._call("GET", "/aiops/audit", dict(asked))

    def audit_check(self) -> Json:
        """Return whether the audit is as it was written."""
        return self._call("GET", "/aiops/audit/check")

    def page(self, path: str, params: dict[str, str] | None = None) -> requests.Response:
        """Return the response of a path, whatever its status."""
        return self._ask("GET", path, params)

    def _ask(
        self, method: str, path: str, params: Mapping[str, str | list[str]] | None, body: Json | None = None
    ) -> requests.Response:
        url = self._url + path
        try:
            return requests.request(
                method,
                url,
                params=params,
                json=body,
                headers=self._headers,
                timeout=self._seconds,
                verify=self._verify,
            )
        except requests.exceptions.SSLError as error:
            raise NotAnswered(
                f"no TLS with {self._url}: {reason(error)}; AIOPS_CA_FILE names the CA to trust"
            ) from None
        except requests.ReadTimeout:
            raise NotAnswered(f"{self._url} does not answer within {self._seconds:g} s") from None
        except requests.ConnectionError as error:
            raise NoEngine(self._url, reason(error)) from None
        except requests.RequestException as error:
            raise NotAnswered(f"{self._url} cannot be asked: {reason(error)}") from None
        except OSError as error:  # of the file of certificates
            raise NotAnswered(f"AIOPS_CA_FILE cannot be used: {error}") from None

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | list[str]] | None = None,
        body: Json | None = None,
    ) -> Json:
        return self._found(self._ask(method, path, params, body))

    def _found(self, answer: requests.Response) -> Json:
        """Return the document of an answer. Raises NotAnswered where it is a problem."""
        try:
            found: Json = answer.json()
        except requests.JSONDecodeError:
            raise NotAnswered(f"{self._url} does not speak as an engine does; is the address right?") from None
        if answer.status_code == requests.codes.unprocessable_entity:
            raise TooLarge(str(found.get("detail")))
        if not answer.ok:
            raise NotAnswered(str(found.get("detail") or found.get("title") or f"status {answer.status_code}"))
        return found


def _within(window: Window) -> dict[str, str]:
    return {"since": f"{window.start:.6f}", "until": f"{window.end:.6f}"}


class Files:
    """The incidents in the data folder of an engine that does not run. Raises NotAnswered."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "incidents.sqlite"

    def incidents(self, wanted: Wanted) -> tuple[list[Json], str | None]:
        """Return the incidents, and the cursor of the next page (None at the end)."""
        with self._opened() as store:

            def page_of(wanted: Wanted, limit: int, cursor: str | None) -> tuple[list[Json], str | None]:
                chosen = IncidentFilter(
                    state=None if wanted.state == "all" else wanted.state,
                    severity=wanted.severity,
                    service=wanted.service,
                    kind=wanted.kind,
                    search=wanted.search or "",
                    since=wanted.since,
                    until=wanted.until,
                )
                found, following = store.page(chosen, int(cursor) if cursor else None, limit)
                return [incident_document(one).model_dump() for one in found], None if following is None else str(
                    following
                )

            return _paged(wanted, page_of)

    def incident(self, name: str) -> Json:
        """Return one incident by its id."""
        with self._opened() as store:
            found = store.get(name)
            if found is None:
                raise NotAnswered(f"there is no incident {name} in {self._file}")
            from aiops.store.comments import SqlComments

            written = SqlComments(store.database).of(found)
            comments = [{"at": iso(one.at), "who": one.who, "text": one.text} for one in written]
            return {**with_evidence(found, store.evidence(found)), "comments": comments}

    @contextmanager
    def _opened(self) -> Iterator["SqlIncidents"]:
        from aiops.store import SqlIncidents, open_to_read  # a large import, not needed to ask a running engine

        if not self._file.exists():
            raise NotAnswered(f"no engine runs, and there is no {self._file}; start one with `aiops up`, or give --url")
        try:
            store = SqlIncidents(open_to_read(self._file))
            with closing(store):
                yield store
        except StoreError as error:
            raise NotAnswered(str(error)) from None


def with_evidence(incident: Incident, evidence: IncidentEvidence | None) -> Json:
    """The document of an incident, with its evidence."""
    told = None if evidence is None else evidence_document(evidence).model_dump()
    return {**incident_document(incident).model_dump(), "evidence": told}


def _paged(
    wanted: Wanted, ask: Callable[[Wanted, int, str | None], tuple[list[Json], str | None]]
) -> tuple[list[Json], str | None]:
    """Read page by page until there are as many as wanted; also returns the cursor of what follows."""
    found: list[Json] = []
    cursor = wanted.cursor
    while True:
        left = AT_ONCE if wanted.limit is None else min(AT_ONCE, wanted.limit - len(found))
        some, cursor = ask(wanted, left, cursor)
        found += some
        if cursor is None or (wanted.limit is not None and len(found) >= wanted.limit):
            return found, cursor


def line(incident: Json) -> str:
    """Write one incident in one line, for a terminal."""
    incident = visible_in(incident)
    cause = incident["root_cause"]
    sure = f" ({100 * cause['confidence']:.0f}% sure)" if cause else ""
    parts = (
        incident["id"],
        incident["state"],
        incident["severity"],
        incident["onset"],
        incident["headline"] + sure + (f", {incident['recurrence']}" if incident["recurrence"] else ""),
    )
    return "  ".join(parts)


def fetch_page(incident: Json) -> str:
    """Write one incident in full, for a terminal."""
    incident = visible_in(incident)
    cause, span = incident["root_cause"], incident["first_failing_span"]
    rows = [line(incident), ""]
    if incident["assignee"]:
        rows.append(f"assigned  to {incident['assignee']}")
    if muted := incident["muted"]:
        why = f": {muted['reason']}" if muted["reason"] else ""
        rows.append(f"muted     {muted['kind']} of {muted['by'] or muted['name']} until {muted['until']}{why}")
    if cause:
        low, high = cause["interval"]
        rows.append(f"why       {cause['description']}")
        rows.append(f"sure      {100 * cause['confidence']:.0f}% (between {100 * low:.0f}% and {100 * high:.0f}%)")
        for one in cause["dimensions"]:
            rows.append(
                f"only in   {one['attribute']}={one['value']} ({100 * one['share_of_bad']:.0f}% of the bad requests)"
            )
        for one in cause["alternatives"]:
            rows.append(f"or else   {one['service']} {one['endpoint'] or ''} ({one['kind']})")
        rows += [f"change    {_considered(one)}" for one in cause.get("changes_considered", ())]
        rows += [f"way       {_on_the_way(one)}" for one in cause.get("from_metrics", ())]
    else:
        rows.append(f"why       {incident['no_cause']}")
    if span:
        rows.append(f"starts at {span['service']}: {span['name']}: {span['status']}")
        rows.append(f"          trace {span['trace_id']}, in {100 * span['share_of_traces']:.0f}% of the bad traces")
    rows.append(f"hits      {', '.join(incident['affected_services'])}  {', '.join(incident['affected_endpoints'])}")
    for one in incident["slo_impact"]:
        part = "".join(f" {value}" for value in one["group"].values())
        left = f"{100 * one['budget_left']:.0f}% of its budget left"
        rows.append(f"promise   {one['slo']}{part} burns {one['burn_rate']:.1f} times as fast as allowed, {left}")
    for one in incident["episodes"] if incident["occurrences"] > 1 else ():
        ended = f"until {one['ended']}" if one["ended"] else "goes on"
        rows.append(f"episode   {one['onset']} {ended}{'' if one['told'] else ', not announced by itself'}")
    if evidence := incident.get("evidence"):
        rows += [f"{label:<10}{text}" for label, text in evidence_rows(evidence)]
    for one in incident.get("alike", ()):
        helped = f"; what helped: {one['helped']}" if one["helped"] else ""
        rows.append(f"alike     {one['id']} {one['onset']} {one['title']}{helped}")
    for one in incident.get("alerts", ()):
        rows.append(f"alert     {one['name']} is {one['state']}, since {one['starts_at']}")
    told = [(one["at"], one["what"], one["text"]) for one in incident["timeline"]]
    told += [(one["at"], "comment", f"{one['who']}: {one['text']}") for one in incident.get("comments", ())]
    rows += ["", *(f"{at}  {what:<12}  {text}" for at, what, text in sorted(told, key=lambda each: each[0]))]
    return "\n".join(rows)


def _considered(change: Json) -> str:
    """Write in one line what a change has to do with a cause."""
    what = " ".join(filter(None, (change["kind"], "of", change["service"], change["version"])))
    return f"{what}, {change['at']}: {change['verdict']}: {change['why']}"


def _on_the_way(place: Json) -> str:
    """Write in one line what metrics show of a place on the way to a cause."""
    where = " → ".join(filter(None, (place["caller"], place["service"])))
    write = percent if place["family"] == "errors" else duration
    seen = f"{where}: {place['family']} {write(place['observed'])}, expected {write(place['expected'])}"
    share = "" if place["share"] is None else f", {percent(place['share'])} of the one above"
    return f"{seen}, since {place['onset']}{share}"


def relearned(change: Json) -> str:
    """Write in one line what would be learned of one symptom."""
    change = visible_in(change)
    of = change["labels"]
    where = (
        " → ".join((of["caller"], of.get("callee", "")))
        if "caller" in of
        else " ".join(of[key] for key in ("service", "method", "route") if of.get(key))
    )
    before, after = (written(change["family"], Expectation(**change[key])) for key in ("before", "after"))
    return f"{where}: {change['family']}: {before} expected until now, {after} from now on"
