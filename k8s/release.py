"""A release as Helm keeps it: its revisions, and the steps from one to the next."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tools.native.command import Command, UsageError

REVISION = re.compile(r"^REVISION: (\d+)$", re.MULTILINE)
# On Helm's record of a revision: the number of the newest one that was known to work, its own once it was tried; 0 for
# none. Helm keeps such labels, and hands them on to what is deployed or rolled back by hand.
MARK = "aiops-works"
NEVER_DEPLOYED = ("failed", "pending-install")
REMOVED = ("uninstalling", "uninstalled")  # by a person, who had Helm keep the history


@dataclass(frozen=True, slots=True)
class Revision:
    """One of a release's states, as `helm history` tells it: deployed, failed, superseded, pending-upgrade …"""

    number: int
    status: str

    def __str__(self) -> str:
        return f"revision {self.number} ({self.status})"


@dataclass(frozen=True, slots=True)
class Before:
    """What a deployment may go back to. `works` is the revision that works, None where none is known to; `marked` says
    that a mark tells so; `fresh` that no install has ever succeeded, so that there is nothing to lose."""

    works: Revision | None = None
    marked: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """A release by its name and namespace. Helm waits `timeout` for the cluster, written as Go does: 10m, 90s. Every
    method raises UsageError."""

    name: str
    namespace: str
    timeout: str
    helm: Command
    kubectl: Command

    def __str__(self) -> str:
        return f"{self.name} in namespace {self.namespace}"

    def history(self) -> list[Revision]:
        """The revisions that Helm still knows, the newest last; none where there is no such release."""
        try:
            said = self.helm("history", self.name, *self._where, "--output", "json")
        except UsageError as error:
            if "release: not found" in str(error):
                return []
            raise
        return [Revision(one["revision"], one["status"]) for one in json.loads(said)]

    def marks(self) -> set[int]:
        """What the revisions' marks name; none where no deployment was tried."""
        found = self.kubectl(
            "get",
            "secret",
            *self._where,
            f"--selector=owner=helm,name={self.name}",
            "--output",
            f"jsonpath={{.items[*].metadata.labels.{MARK}}}",
        )
        return {int(one) for one in found.split() if one.isdecimal()}

    def mark(self, number: int) -> None:
        """Note that a revision works."""
        record = f"sh.helm.release.v1.{self.name}.v{number}"
        self.kubectl("label", "secret", record, *self._where, f"{MARK}={number}", "--overwrite")

    def upgrade(
        self, chart: str | Path, values: Sequence[Path], sets: Sequence[str], make_namespace: bool, before: Before
    ) -> int:
        """Install or upgrade, wait until every pod is ready, and return the revision, which is marked as untried. Only
        what is given here holds: nothing is taken over from the revision before."""
        more = [f"--values={file}" for file in values] + [f"--set={one}" for one in sets]
        more.append(f"--labels={MARK}={before.works.number if before.works else 0}")
        if make_namespace:
            more.append("--create-namespace")
        said = self.helm("upgrade", "--install", self.name, chart, *self._where, *self._wait, "--reset-values", *more)
        found = REVISION.search(said)
        return int(found[1]) if found else 0

    def test(self) -> None:
        """Run the chart's own test."""
        self.helm("test", self.name, *self._where, "--timeout", self.timeout)

    def rollback(self, to: Revision) -> None:
        """Make what a revision was again, as a new one."""
        self.helm("rollback", self.name, str(to.number), *self._where, *self._wait)

    def uninstall(self) -> None:
        """Remove all of it; volumes stay as the chart says."""
        self.helm("uninstall", self.name, *self._where, *self._wait)

    @property
    def _where(self) -> tuple[str, str]:
        return ("--namespace", self.namespace)

    @property
    def _wait(self) -> tuple[str, ...]:
        return ("--wait", "--timeout", self.timeout)


def found_before(history: Sequence[Revision], marks: Collection[int]) -> Before:
    """What to go back to: the newest revision that is marked, whatever is deployed. Where there are no marks at all,
    the one that is deployed is taken to work."""
    # Helm forgets old revisions: where the first is gone, one that worked may be.
    if not history or (history[0].number == 1 and all(one.status in NEVER_DEPLOYED for one in history)):
        return Before(fresh=True)
    newest_first = list(takewhile(lambda one: one.status not in REMOVED, reversed(history)))
    if marks:
        works = next((one for one in newest_first if one.number in marks), None)
        return Before(works, marked=works is not None)
    return Before(next((one for one in newest_first if one.status == "deployed"), None))


def under_way(history: Sequence[Revision]) -> Revision | None:
    """The newest revision if an operation on it has not ended, or was killed."""
    return history[-1] if history and history[-1].status.startswith("pending-") else None


def command_back(release: Release, before: Before) -> str:
    """What a person types to take a release back to what worked before."""
    name, where = release.name, f"-n {release.namespace}"
    if before.fresh:
        return f"`helm uninstall {name} {where} --wait`"
    if before.works is None:
        return f"`helm rollback {name} REVISION {where} --wait`, with one of `helm history {name} {where}`,"
    return f"`helm rollback {name} {before.works.number} {where} --wait`"


def how_it_stands(release: Release, history: Sequence[Revision], known: int, before: Before) -> str:
    """What was left where a deployment was stopped, and the command that takes it back; `known` is the number of the
    newest revision when it began."""
    if not history:
        return f"{release} is not installed"
    if history[-1].number == known:
        return f"{release} is as it was: {history[-1]}"
    return f"{release} is left at {history[-1]}, untried; {command_back(release, before)} takes it back"


def what_was(before: Before, history: Sequence[Revision]) -> str:
    """What there is when a deployment begins, and what it goes back to."""
    if not history:
        return "not installed"
    newest = next((one for one in reversed(history) if one.status == "deployed"), history[-1])
    if before.fresh:
        return f"{newest}; no install has succeeded yet"
    if before.works is None:
        return f"{newest}; no revision is known to work, so what fails is left as it is"
    if not before.marked:
        return f"{newest}; not tried by a deployment, and taken to work as it is the one deployed"
    if before.works.number != newest.number:
        return f"{newest}; what fails is taken back to revision {before.works.number}, the newest that is known to work"
    return str(newest)
