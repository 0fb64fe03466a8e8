"""What becomes of incidents: people resolve them, they come and go, telemetry stays away."""

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up.notifying import Heard, to_all
from sources.otlp import Call, http, spans
from sqlalchemy import select
from werkzeug.serving import make_server

from aiops import detect
from aiops.api import create_app
from aiops.cli.main import main
from aiops.config import Settings
from aiops.model import Actor, Ending, IncidentState
from aiops.model.errors import NotPossible
from aiops.presentation.words import again
from aiops.store.tables import audit
from aiops.web import add_pages

from .world import AT_ONCE, STEP, T0, Export, GivenClock, Watched, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path)
    yield one
    one.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.close()


def failing(begin: float, every: float, lasts: float) -> Callable[[float], Iterable[Export]]:
    """Twelve requests a step of one service; all fail for `lasts` seconds of every so many, from `begin` on."""

    def sent(at: float) -> Iterable[Export]:
        bad = at >= begin and (at - begin) % every < lasts
        number = round(at - T0) * 100
        yield spans(
            *(
                Call(
                    number + each + 1,
                    number + each + 1,
                    at + 0.2 * each + 0.3,
                    0.02,
                    service="stock",
                    name="GET /shelf",
                    attributes=http("/shelf", 503 if bad else 200),
                    error=bad,
                )
                for each in range(12)
            )
        )

    return sent


def test_what_comes_and_goes_is_one_incident_that_is_told_once(watched: Watched) -> None:
    begin, every = T0 + 90.0, 90.0
    watched.play(round(435 / STEP), failing(begin, every, 25.0), every=3)
    (incident,) = watched.incidents()
    assert (incident.occurrences, incident.state, incident.ending) == (4, IncidentState.RESOLVED, Ending.CALM)
    assert again(incident) in ("4th time in 4 minutes", "4th time in 5 minutes")
    for number, episode in enumerate(incident.episodes):
        assert abs(episode.onset - (begin + every * number)) <= 2 * STEP
        assert episode.ended is not None
        assert episode.ended < begin + every * (number + 1)
    assert [one.told for one in incident.episodes] == [True, False, False, False]
    told = Heard()
    while to_all(watched.store, told).round(watched.clock.now()):
        pass
    assert [transition for _, transition in told.all] == ["opened", "resolved"]


def test_resolving_teaches_nothing_and_does_not_hide_what_goes_on(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.failing = 0.8
    world.live(8)
    (incident,) = world.incidents()
    world.use_cases.incidents.resolve(incident.id, Actor("ada"))
    assert world.incidents()[0].state == IncidentState.RESOLVED
    world.live(4)
    (incident,) = world.incidents()
    assert (incident.state, incident.occurrences) == (IncidentState.OPEN, 1)
    assert "though it was said to be over: resolved by ada" in incident.timeline[-1].text
    assert all(one.status != "healthy" for one in world.use_cases.health.services())
    world.failing = 0.0
    world.live(30, every=3)
    assert world.incidents()[0].state == IncidentState.RESOLVED
    world.failing = 0.2
    world.live(12)
    assert [one.state for one in world.incidents()] == [IncidentState.OPEN], "a milder fault after it is found"


def test_one_that_is_over_when_a_person_says_so_stays_so(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.failing = 0.8
    world.live(8)
    world.failing = 0.0
    world.live(2)
    (incident,) = world.incidents()
    world.use_cases.incidents.resolve(incident.id, Actor("ada"))
    world.live(30, every=3)
    (incident,) = world.incidents()
    assert (incident.state, incident.resolution) == (IncidentState.RESOLVED, "resolved by ada")


def without_memory(world: World, folder: Path) -> World:
    """Another engine over the incidents of one that has ended: without its telemetry, and what it had learned."""
    world.close()
    folder.mkdir()
    for file in world.folder.glob("incidents.sqlite*"):
        shutil.copy(file, folder)
    return World(folder, GivenClock(world.clock.time))


def test_nothing_is_back_to_normal_that_was_not_judged(tmp_path: Path) -> None:
    before = World(tmp_path)
    before.live(40, every=AT_ONCE)
    before.failing = 1.0
    before.live(6)
    (incident,) = before.incidents()
    world = without_memory(before, tmp_path / "new")
    world.sending = False
    patience = world.engine.detector.tuning.no_data_seconds
    world.live(round(0.9 * patience / STEP), every=3)
    assert [one.state for one in world.incidents()] == [IncidentState.OPEN], "nothing is known of it"
    world.live(round(0.2 * patience / STEP), every=3)
    (after,) = world.incidents()
    assert (after.id, after.ending) == (incident.id, Ending.NO_DATA)
    assert after.resolution == "no data from its symptoms any more"
    world.close()


def test_an_engine_without_memory_waits_until_it_can_judge(tmp_path: Path) -> None:
    before = World(tmp_path)
    before.live(40, every=AT_ONCE)
    before.failing = 1.0
    before.live(6)
    world = without_memory(before, tmp_path / "new")
    world.live(4)
    assert [one.state for one in world.incidents()] == [IncidentState.OPEN], "too few points to judge"
    world.live(12)
    assert [one.ending for one in world.incidents()] == [Ending.CALM]
    world.close()


def test_it_may_be_normal_now_and_be_taken_back(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.slower = 0.5
    world.live(8)
    (incident,) = world.incidents()
    proposal = world.use_cases.acceptance.proposal(incident)
    (served,) = [one for one in proposal if dict(one.series).get("service") == "payment"]
    assert served.before.expected is not None
    assert served.before.expected < 0.1
    assert served.after.expected is not None
    assert 0.4 < served.after.expected < 0.7
    world.use_cases.acceptance.accept(incident.id, Actor("ada"), "the new card processor is slower")
    world.live(20, every=2)
    (after,) = world.incidents()
    assert (after.state, after.ending) == (IncidentState.RESOLVED, Ending.ACCEPTED)
    assert after.resolution == "normal from now on, says ada: the new card processor is slower"
    world.engine = world.started()  # the word outlives the process
    back = world.use_cases.acceptance.undo(incident.id, Actor("bob"))
    assert (back.state, back.timeline[-1].text) == (IncidentState.OPEN, "bob takes back that this is normal")
    world.live(4)
    assert [one.state for one in world.incidents()] == [IncidentState.OPEN], "it is slow still"
    with pytest.raises(NotPossible, match="within the last hour"):
        world.use_cases.acceptance.undo(incident.id, Actor("bob"))
    said = [(one.who, one.reason, one.undone_by) for one in world.use_cases.acceptance.of(incident)]
    assert said == [("ada", "the new card processor is slower", "bob")]
    with world.store.database.connect() as connection:
        written = [(row.who, row.what) for row in connection.execute(select(audit).order_by(audit.c.number))]
    assert written == [("ada", "normal"), ("bob", "normal undone")]


def test_it_may_be_normal_now_by_page_api_and_command(world: World) -> None:
    """Each says so and takes it back, on one incident that goes on."""
    world.live(40, every=AT_ONCE)
    world.slower = 0.5
    world.live(8)
    (incident,) = world.incidents()
    at = f"/incidents/{incident.id}"
    settings = Settings(data_dir=world.folder)
    app = create_app(world.use_cases, settings)
    add_pages(app, world.use_cases, settings)
    client = app.test_client()

    def stands() -> tuple[IncidentState, int]:
        (one,) = world.incidents()
        return one.state, len([each for each in world.use_cases.acceptance.of(one) if each.undone_at is None])

    taken, back = (IncidentState.RESOLVED, 1), (IncidentState.OPEN, 0)
    shown = client.get(f"{at}/normal").text
    assert "expected" in shown
    assert "payment" in shown
    assert client.post(f"{at}/normal", data={"reason": "the new card processor is slower"}).status_code == 303
    assert stands() == taken
    assert "the new card processor is slower" in client.get(at).text
    assert client.post(f"{at}/normal/undo").status_code == 303
    assert stands() == back

    world.live(1)
    proposed = client.get(f"/aiops{at}/normal").json
    assert proposed is not None
    assert {one["family"] for one in proposed["changes"]} == {"latency"}
    assert all(one["before"]["expected"] < one["after"]["expected"] for one in proposed["changes"])
    said = client.post(f"/aiops{at}/normal", json={"reason": "it is slower now"}).json
    assert said is not None
    assert (said["state"], stands()) == ("resolved", taken)
    said = client.post(f"/aiops{at}/normal/undo").json
    assert said is not None
    assert (said["state"], stands()) == ("open", back)

    world.live(1)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        told = ("incidents", "normal", incident.id, "--url", f"http://127.0.0.1:{server.port}")
        shown = CliRunner().invoke(main, told)
        assert "expected until now" in shown.output
        assert stands() == back, "without a reason it is only shown"
        done = CliRunner().invoke(main, [*told, "--reason", "since the release", "--yes"])
        assert (done.exit_code, stands()) == (0, taken), done.output
        done = CliRunner().invoke(main, [*told, "--undo"])
        assert (done.exit_code, stands()) == (0, back), done.output
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    reasons = [one.reason for one in world.use_cases.acceptance.of(incident)]
    assert sorted(reasons) == ["it is slower now", "since the release", "the new card processor is slower"]


def test_after_an_hour_it_stays_normal(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.slower = 0.5
    world.live(8)
    (incident,) = world.incidents()
    world.use_cases.acceptance.accept(incident.id, Actor("ada"), "it is slower now")
    world.clock.time += 3601.0
    assert world.use_cases.acceptance.undoable(incident) is None
    with pytest.raises(NotPossible):
        world.use_cases.acceptance.undo(incident.id, Actor("ada"))
    assert world.use_cases.acceptance.purge() == 1
    assert [one.reason for one in world.use_cases.acceptance.of(incident)] == ["it is slower now"]


def test_failures_are_never_normal(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.failing = 0.8
    world.live(8)
    (incident,) = world.incidents()
    before = world.engine.state.copy()
    with pytest.raises(NotPossible, match=r"requests fail at .*, and that is never taken for normal"):
        world.use_cases.acceptance.accept(incident.id, Actor("ada"), "it is always like that")
    assert (world.engine.state.of(detect.ERRORS).bad == before.of(detect.ERRORS).bad).all()
    assert world.incidents()[0].state == IncidentState.OPEN
