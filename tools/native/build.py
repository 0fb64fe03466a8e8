"""Build programs from their Go modules, once; `python -m tools.native.build [KIT]` builds the stack's, or another kit.

They lie in a folder named after everything they are made of, so that a change of version builds anew and nothing else
does. A build that is interrupted leaves no folder behind, and Go's own cache makes the next one shorter.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.native.go import Go, NoGo, find
from tools.native.kits import HERE, KITS, STACK, Kit
from tools.native.progress import BuildFailed, run


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder that holds the programs of a kit."""

    folder: Path
    kit: Kit = STACK

    def __getitem__(self, name: str) -> Path:
        return self.folder / name

    def complete(self) -> bool:
        return all((self.folder / name).is_file() for name in self.kit.programs)


def cache_folder() -> Path:
    """Where programs are kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "aiops" / "native"


def key(go_version: str, kit: Kit = STACK) -> str:
    """Hash of everything the programs are made of."""
    digest = hashlib.sha256(go_version.encode())
    for part in kit.ingredients():
        digest.update(part)
    return digest.hexdigest()[:16]


def ensure(cache: Path | None = None, kit: Kit = STACK) -> Programs:
    """Return the programs, built now if they are not there yet. Raises NoGo or BuildFailed."""
    cache = cache or cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildFailed(f"the cache folder {cache} cannot be made: {error.strerror}; set XDG_CACHE_HOME") from None
    go = find(cache)
    programs = Programs(cache / key(go.version, kit), kit)
    if programs.complete():
        return programs
    with _alone(cache):
        if not programs.complete():
            _build(go, cache, programs)
    return programs


def _build(go: Go, cache: Path, programs: Programs) -> None:
    kit = programs.kit
    sys.stderr.write(f"building {kit.title} with {go.version}, once (this can take minutes)\n")
    began = time.monotonic()
    made = Path(tempfile.mkdtemp(prefix="partial-", dir=cache))
    try:
        for module in kit.modules:
            # One program is given its name: Go would call etcd `server`.
            out = f"{made}{os.sep}{module.programs[0] if len(module.programs) == 1 else ''}"
            command: list[str | Path] = [go.binary, "build", "-v", f"-ldflags={module.linker_flags}", "-o", out, "tool"]
            title = "otelcol's builder" if module.name == "collector" else module.name
            run(title, command, HERE / module.name, go.environment())
        if kit.manifest:
            _collector(go, made, kit.manifest)
        made.chmod(0o755)
        shutil.rmtree(programs.folder, ignore_errors=True)
        made.rename(programs.folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    sys.stderr.write(f"built in {time.monotonic() - began:.0f} s: {programs.folder}\n")


def _collector(go: Go, made: Path, manifest: Path) -> None:
    """Let the builder write the Collector's source and compile it, beside what is made and then not kept."""
    with tempfile.TemporaryDirectory(prefix="source-", dir=made) as folder:
        run("otelcol", [made / "builder", "--config", manifest, "--verbose"], Path(folder), go.environment())
        (Path(folder) / "otelcol" / "otelcol").rename(made / "otelcol")
    (made / "builder").unlink()


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Wait until no other process builds."""
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("another build is under way; waiting for it\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(argv: Sequence[str] | None = None) -> int:
    """Build what is not built, and print the folder."""
    parser = argparse.ArgumentParser(prog="python -m tools.native.build", description=main.__doc__)
    parser.add_argument("kit", nargs="?", choices=KITS, default="stack", help="what to build (%(default)s)")
    arguments = parser.parse_args(argv)
    try:
        programs = ensure(kit=KITS[arguments.kit])
    except (NoGo, BuildFailed) as error:
        sys.stderr.write(f"native: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("native: stopped; what is compiled so far is kept for the next time\n")
        return 1
    sys.stdout.write(f"{programs.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
