"""What is copied while an engine runs is what it goes on from; what is no such copy changes nothing."""

import io
import json
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from aiops.store import SqlIncidents, backup, open_store
from aiops.store.arrays import read_arrays
from aiops.store.backup import INCIDENTS, LEARNED, BackupError, check_backup, put_back, take_backup

from .script import END, FAULT, STEP_FILE, TELEMETRY, Run
from .test_kill import incidents, ledger
from .world import STEP, T0, World

Copies = dict[int, bytes]
COPIED = (10, FAULT.start + 1, FAULT.stop, END - 2)  # before the incident, while it is open, while it ends, after it


def copy_of(folder: Path) -> bytes:
    copied = io.BytesIO()
    take_backup(folder, copied)
    return copied.getvalue()


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Copies, Copies]:
    """The folder of an engine that lived to the end, copies of it by step, and what it had learned by then."""
    folder = tmp_path_factory.mktemp("lived")
    copies: Copies = {}
    learned: Copies = {}

    def keep(step: int) -> None:
        if step in COPIED:
            copies[step], learned[step] = copy_of(folder), (folder / "learned.npz").read_bytes()

    Run(folder).until(END, keep)
    return folder, copies, learned


@pytest.mark.parametrize("step", COPIED)
def test_an_engine_goes_on_from_a_copy_as_if_nothing_had_been(
    lived: tuple[Path, Copies, Copies], step: int, tmp_path: Path
) -> None:
    reference, copies, learned = lived
    put_back(io.BytesIO(copies[step]), tmp_path)
    assert files(tmp_path).keys() == {INCIDENTS, *LEARNED}
    assert (tmp_path / "learned.npz").read_bytes() == learned[step]
    world = World(tmp_path, telemetry=TELEMETRY)  # telemetry is not in the copy: it is sent again
    for sent in range(step + 1):
        world.clock.time, world.failing = T0 + sent * STEP, 0.9 if sent in FAULT else 0.0
        world.send()
    world.close()
    (tmp_path / STEP_FILE).write_text(str(step + 1))
    Run(tmp_path).until(END)
    assert incidents(tmp_path) == incidents(reference)
    assert ledger(tmp_path)[:2] == ledger(reference)[:2]
    index, arrays = read_arrays(tmp_path / "learned.npz")
    wanted, others = read_arrays(reference / "learned.npz")
    assert index == wanted
    assert {name: one.tobytes() for name, one in arrays.items()} == {
        name: one.tobytes() for name, one in others.items()
    }


def judged(folder: Path) -> tuple[float, float]:
    """Up to when, by what was learned and by the incidents."""
    with closing(sqlite3.connect(folder / INCIDENTS)) as opened:
        (by_incidents,) = opened.execute("select value from progress where name = 'watermark'").fetchone()
    return read_arrays(folder / "learned.npz")[0]["at"] or 0.0, by_incidents


def test_what_was_learned_is_never_ahead_of_the_incidents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what was found in between would be lost. A cycle runs between any two parts of the copy."""
    live, new = tmp_path / "live", tmp_path / "new"
    live.mkdir()
    world = World(live)
    world.live(5)
    part, incidents_part = backup.shutil.copyfile, backup._copy_incidents

    def then_live(source: Path, target: Path) -> None:
        part(source, target)
        world.live(1)

    def live_before_and_after(source: Path, target: Path) -> str:
        world.live(1)
        store = incidents_part(source, target)
        world.live(1)
        return store

    monkeypatch.setattr(backup.shutil, "copyfile", then_live)
    monkeypatch.setattr(backup, "_copy_incidents", live_before_and_after)
    copied = copy_of(live)
    world.close()
    put_back(io.BytesIO(copied), new)
    learned, found = judged(new)
    assert learned < found < judged(live)[1]


def test_copies_are_taken_beside_a_writer(tmp_path: Path) -> None:
    live, copies, ended = tmp_path / "live", list[bytes](), threading.Event()
    live.mkdir()

    def copying() -> None:
        while not ended.wait(0.05):
            if (live / "learned.npz").exists():
                copies.append(copy_of(live))

    thread = threading.Thread(target=copying)
    thread.start()
    try:
        Run(live).until(END)
    finally:
        ended.set()
        thread.join()
    assert len(copies) > 10
    for number, one in enumerate(copies[:: 1 + len(copies) // 20]):
        folder = tmp_path / str(number)
        put_back(io.BytesIO(one), folder)
        learned, found = judged(folder)
        assert learned <= found
    assert not [one for one in live.iterdir() if "backup" in one.name], "nothing is left behind"


def test_a_copy_without_learned_state_is_one(tmp_path: Path) -> None:
    live = tmp_path / "live"
    live.mkdir()
    SqlIncidents(open_store(f"sqlite:///{live / INCIDENTS}")).close()
    contents = put_back(io.BytesIO(copy_of(live)), tmp_path / "new")
    assert list(contents.sizes) == [INCIDENTS]


@pytest.fixture
def copied(lived: tuple[Path, Copies, Copies]) -> bytes:
    return lived[1][FAULT.stop]


def refused(copied: bytes, folder: Path, why: str) -> None:
    """It is, and what is in the folder stays as it is."""
    before = files(folder)
    for attempt in (check_backup, lambda source: put_back(source, folder, replace=True)):
        with pytest.raises(BackupError, match=why):
            attempt(io.BytesIO(copied))
    assert files(folder) == before


def renamed(copied: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    """The same copy with another list."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(copied)) as old, tarfile.open(fileobj=out, mode="w|") as new:
        for member in old:
            body = old.extractfile(member)
            assert body is not None
            data = body.read()
            if member.name == "aiops-backup.json":
                said = json.loads(data)
                change(said)
                data = json.dumps(said).encode()
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("part", [0.001, 0.1, 0.3, 0.6, 0.9])
def test_a_copy_that_was_cut_or_changed_is_refused(copied: bytes, part: float, tmp_path: Path) -> None:
    (tmp_path / INCIDENTS).write_bytes(b"mine")
    with tarfile.open(fileobj=io.BytesIO(copied)) as archive:
        last = archive.getmembers()[-1]
    end = last.offset_data + last.size  # behind it tar has nothing but zeros
    at = int(end * part)
    refused(copied[:at], tmp_path, "damaged|no backup")
    with tarfile.open(fileobj=io.BytesIO(copied)) as archive:
        within = next(one for one in archive if one.name == INCIDENTS)
    at = within.offset_data + int(within.size * part)
    refused(copied[:at] + bytes([copied[at] ^ 1]) + copied[at + 1 :], tmp_path, "incidents.sqlite is not as it was")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda said: said.update(format=2), "another release"),
        (lambda said: said.update(store="9999"), "another release"),
        (lambda said: said.update(files={"../x": said["files"][INCIDENTS]}), "no backup of aiops"),
        (lambda said: said["files"].update({"/etc/passwd": {}}), "no backup of aiops"),
        (lambda said: said.update(files=[]), "no backup of aiops"),
        (lambda said: said.pop("store"), "no backup of aiops"),
    ],
)
def test_a_list_that_cannot_be_is_refused(
    copied: bytes, change: Callable[[dict[str, object]], object], why: str, tmp_path: Path
) -> None:
    refused(renamed(copied, change), tmp_path, why)


def test_something_else_is_refused(tmp_path: Path) -> None:
    refused(b"", tmp_path, "damaged|no backup")
    refused(b"hello" * 1000, tmp_path, "damaged|no backup")
    other = io.BytesIO()
    with tarfile.open(fileobj=other, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("etc/passwd"))
    refused(other.getvalue(), tmp_path, "no backup of aiops")


def test_what_is_there_is_kept(copied: bytes, tmp_path: Path) -> None:
    mine = {INCIDENTS: b"mine", "learned.npz": b"too", "telemetry.duckdb": b"other"}
    for name, body in mine.items():
        (tmp_path / name).write_bytes(body)
    with pytest.raises(BackupError, match=r"incidents\.sqlite is there already"):
        put_back(io.BytesIO(copied), tmp_path)
    assert files(tmp_path) == mine
    put_back(io.BytesIO(copied), tmp_path, replace=True)
    found = files(tmp_path)
    kept = {name.partition(".before-restore-")[0]: body for name, body in found.items() if "before-restore" in name}
    assert kept == {name: mine[name] for name in (INCIDENTS, "learned.npz")}
    assert found["telemetry.duckdb"] == b"other"
    assert check_backup(io.BytesIO(copy_of(tmp_path))).sizes == check_backup(io.BytesIO(copied)).sizes


def test_a_running_engine_is_not_replaced(copied: bytes, tmp_path: Path) -> None:
    store = SqlIncidents(open_store(f"sqlite:///{tmp_path / INCIDENTS}"))
    try:
        with pytest.raises(BackupError, match=r"an engine runs on .*: stop it first"):
            put_back(io.BytesIO(copied), tmp_path, replace=True)
        assert store.page()[0] == []
    finally:
        store.close()
    put_back(io.BytesIO(copied), tmp_path, replace=True)
    assert len(incidents(tmp_path)) == 1


@pytest.mark.parametrize("name", [INCIDENTS, "learned.npz"])
def test_a_damaged_store_gives_no_copy(copied: bytes, name: str, tmp_path: Path) -> None:
    put_back(io.BytesIO(copied), tmp_path)
    body = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(body[: len(body) // 2])
    with pytest.raises(BackupError, match=f"{name}.*(damaged|cannot be copied)"):
        take_backup(tmp_path, io.BytesIO())
    with pytest.raises(BackupError, match="is it the data folder of an engine"):
        take_backup(tmp_path / "elsewhere", io.BytesIO())
