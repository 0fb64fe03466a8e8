"""A deployment: upgrade, try, and take back what does not work."""

import os
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from k8s.explaining import explanation
from k8s.files import CHART
from k8s.forwarding import forwarded
from k8s.release import Before, Release, Revision, command_back, found_before, how_it_stands, under_way, what_was
from tools.native.command import UsageError, runner

Say = Callable[[str], object]
LAST_LINES = 12


class Failed(Exception):
    """A deployment did not do what it was to; the message says what failed and what became of it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is deployed, and how it is tried. Without a `smoke_url` the engine is reached through a port that kubectl
    forwards; `smoke` are further arguments of `aiops smoke`."""

    chart: str | Path = CHART
    values: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()
    smoke_url: str = ""
    smoke: tuple[str, ...] = ()


@dataclass(slots=True)
class Deployment:
    """One run. `kubectl` is the program's path; `say` takes a line of progress."""

    release: Release
    plan: Plan
    kubectl: str
    say: Say
    before: Before = field(default_factory=Before)
    doing: str = ""
    _began: float = field(default_factory=time.time)
    _known: int = 0
    _made: int = 0

    def run(self) -> None:
        """Deploy. Raises Failed, or UsageError where nothing was begun, and KeyboardInterrupt: `left` then says how
        things stand."""
        history = self.release.history()
        self._known = history[-1].number if history else 0
        self.before = found_before(history, self.release.marks() if history else ())
        if held := under_way(history):
            raise UsageError(
                f"{self.release} is at {held}: somebody deploys now, or a deployment was killed. If none runs, "
                f"{command_back(self.release, self.before)} makes it free"
            )
        self.say(f"{self.release}: {what_was(self.before, history)}")
        for what, step in (("helm upgrade", self._upgrade), ("helm test", self._test), ("aiops smoke", self._smoke)):
            self.doing = what
            try:
                step()
            except UsageError as error:
                self._failed(what, str(error))
        self._mark(self._made)
        self.say(f"{self.release} works")

    def left(self) -> str:
        """How things stand where it was interrupted."""
        if not self.doing:
            return "interrupted before anything was begun"
        return f"interrupted during {self.doing}; {self._stands()}"

    def _upgrade(self) -> None:
        self.say(f"helm upgrade, at most {self.release.timeout}")
        plan, lacks = self.plan, self._lacks_namespace()
        self._made = self.release.upgrade(plan.chart, plan.values, plan.sets, lacks, self.before)
        self.say(f"every pod of revision {self._made} is ready")

    def _lacks_namespace(self) -> bool:
        """Whether it is known not to be there: who may not look may not make it either."""
        try:
            self.release.kubectl("get", "namespace", self.release.namespace)
        except UsageError as error:
            return "NotFound" in str(error)
        return False

    def _test(self) -> None:
        self.release.test()
        self.say("helm test: every part answers")

    def _smoke(self) -> None:
        with self._address() as url, self._tokens() as environment:
            self.say(f"aiops smoke {url}")
            program = runner(sys.executable, environment, seconds=None)
            said = program("-m", "aiops", "smoke", url, *self.plan.smoke)
        for line in said.splitlines():
            self.say(f"  {line}")

    @contextmanager
    def _tokens(self) -> Iterator[dict[str, str]]:
        """The environment of a program that asks the engine: with the tokens of the Secret that the engine has, unless
        AIOPS_TOKEN is set, or who deploys may not read it."""
        environment = dict(os.environ)
        found = "" if environment.get("AIOPS_TOKEN") else self._secret()
        with tempfile.NamedTemporaryFile("w", prefix="aiops-tokens-", encoding="utf-8") as file:
            if found:
                file.write(found)
                file.flush()
                environment["AIOPS_TOKEN_FILE"] = file.name
            yield environment

    def _secret(self) -> str:
        kubectl, where = self.release.kubectl, ("-n", self.release.namespace, "-o")
        of = "jsonpath={.spec.template.spec.volumes[?(@.name=='secrets')].secret.secretName}"
        try:
            name = kubectl("get", "statefulset", f"{self.release.name}-engine", *where, of).strip()
            coded = kubectl("get", "secret", name, *where, "jsonpath={.data.engine_tokens}") if name else ""
            return b64decode(coded).decode()
        except (UsageError, ValueError):
            return ""

    @contextmanager
    def _address(self) -> Iterator[str]:
        name, where = f"{self.release.name}-engine", self.release.namespace
        url = self.plan.smoke_url
        with nullcontext(url) if url else forwarded(self.kubectl, where, name, "http") as found:
            yield found

    def _failed(self, what: str, why: str) -> None:
        """Explain, take back, and say so: always raises."""
        self.say(f"{what} FAILED")
        for line in _short(why).splitlines():
            self.say(f"  {line}")
        try:
            history = self.release.history()
        except UsageError as error:
            raise Failed(
                f"{what} failed, and how {self.release} stands cannot be asked: {_short(str(error))}"
            ) from None
        stands = how_it_stands(self.release, history, self._known, self.before)
        if not history or history[-1].number == self._known or under_way(history):
            raise Failed(f"{what} failed, and nothing was taken back: {stands}")
        if not self._own(history[-1]):
            raise Failed(
                f"{what} failed, and nothing was taken back, as somebody else deployed meanwhile: {self.release} is at "
                f"{history[-1]}"
            )
        for line in explanation(self.release.kubectl, self.release.namespace, self.release.name, self._began):
            self.say(f"  {line}")
        if self.before.works is None and not self.before.fresh:
            raise Failed(f"{what} failed, and nothing was taken back, as no revision is known to work: {stands}")
        self.doing = "taking back"
        try:
            taken = self._take_back()
        except UsageError as error:
            raise Failed(f"{what} failed, and taking it back did too: {_short(str(error))}\n{self._stands()}") from None
        raise Failed(f"{what} failed; {taken}")

    def _own(self, newest: Revision) -> bool:
        """Whether this run made it."""
        if self._made:
            return newest.number == self._made
        return newest.number == self._known + 1 and newest.status == "failed"

    def _take_back(self) -> str:
        if self.before.works is None:
            self.say("helm uninstall")
            self.release.uninstall()
            # Helm leaves a test that failed, for its log, which was told.
            where = ("--namespace", self.release.namespace)
            self.release.kubectl("delete", "pod", f"{self.release.name}-test", *where, "--ignore-not-found")
            return f"{self.release} was uninstalled again, as there was none before; its volumes stay"
        number = self.before.works.number
        self.say(f"helm rollback to revision {number}")
        self.release.rollback(self.before.works)
        self._mark()
        return f"{self.release} was taken back to revision {number}"

    def _mark(self, number: int = 0) -> None:
        """Note that a revision works, the newest if none is named. Without the note the next deployment goes back to an
        older one."""
        try:
            self.release.mark(number or self.release.history()[-1].number)
        except UsageError as error:
            self.say(f"that it works cannot be noted for the next deployment: {_short(str(error))}")

    def _stands(self) -> str:
        try:
            return how_it_stands(self.release, self.release.history(), self._known, self.before)
        except UsageError as error:
            return f"how {self.release} stands cannot be asked: {_short(str(error))}"


def _short(text: str) -> str:
    lines: Sequence[str] = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-LAST_LINES:])
