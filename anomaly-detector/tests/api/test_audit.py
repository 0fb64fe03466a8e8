"""The audit: what it records, and that a row that was changed, removed or moved is found."""

import json
import sqlite3
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from made_up.fakes import NOW
from made_up.samples import simple
from made_up.world import World

from aiops.access import BEGINNING, breaks, sealed
from aiops.cli.main import main
from aiops.model import Actor, AuditEntry, AuditRow, SignIn
from aiops.model.errors import StoreError

from .test_alerts import alert, hook

TOKENS: Final = {"ana": "0123456789abcdef-ana", "ben": "0123456789abcdef-ben"}
INCIDENT: Final = "INC-1795253415-1"


@pytest.fixture
def busy(world: World) -> FlaskClient:
    """An engine to which some things were done."""
    world.keep(simple())
    client = world.client(host="0.0.0.0", tokens=TOKENS, token_roles={"ben": "responder"})
    sent = {"kind": "flag", "service": "payment"}
    for path, who, body in (
        (f"incidents/{INCIDENT}/acknowledge", "ben", {}),
        ("changes", "ana", sent),
        (f"incidents/{INCIDENT}/resolve", "ana", {}),
    ):
        answer = client.post(f"/aiops/{path}", json=body, headers={"Authorization": f"Bearer {TOKENS[who]}"})
        assert answer.status_code in (200, 201), answer.text
    return client


def audit(client: FlaskClient, path: str = "", **asked: str) -> Any:
    answer = client.get(f"/aiops/audit{path}", query_string=asked, headers={"Authorization": f"Bearer {TOKENS['ana']}"})
    assert answer.status_code == 200, answer.text
    return answer.json


def tamper(world: World, *statements: str) -> None:
    """Do what somebody does who can write the file, past what keeps rows as they are."""
    with sqlite3.connect(str(world.store.database.url.database)) as file:
        file.execute("drop trigger audit_not_changed")
        file.execute("drop trigger audit_not_deleted")
        for one in statements:
            file.execute(one)
    file.close()


def test_it_says_who_how_from_where_what_and_both_states(busy: FlaskClient) -> None:
    newest, change, first = audit(busy)["rows"]
    assert (first["who"], first["how"], first["address"]) == ("ben", "token", "127.0.0.1")
    assert (first["what"], first["subject"]) == ("acknowledge", INCIDENT)
    assert (first["before"]["state"], first["after"]["state"]) == ("open", "acknowledged")
    assert first["after"]["acknowledged_by"] == "ben"
    assert (newest["before"]["state"], newest["after"]["state"]) == ("acknowledged", "resolved")
    assert (change["subject"], change["after"]["kind"], change["before"]) == ("payment", "flag", None)
    assert (first["previous"], change["previous"]) == (BEGINNING, first["hash"])


def test_it_is_read_by_subject_by_name_and_page_by_page(busy: FlaskClient) -> None:
    assert [one["who"] for one in audit(busy, subject=INCIDENT)["rows"]] == ["ana", "ben"]
    assert [one["what"] for one in audit(busy, who="ben")["rows"]] == ["acknowledge"]
    page = audit(busy, limit="2")
    assert [one["number"] for one in page["rows"]] == [3, 2]
    rest = audit(busy, limit="2", before=str(page["next"]))
    assert ([one["number"] for one in rest["rows"]], rest["next"]) == ([1], None)


def test_it_is_for_admins(busy: FlaskClient) -> None:
    for path in ("/aiops/audit", "/aiops/audit/check", "/audit"):
        assert busy.get(path, headers={"Authorization": f"Bearer {TOKENS['ben']}"}).status_code == 403


def test_a_row_cannot_be_changed_or_deleted_by_a_statement(world: World, busy: FlaskClient) -> None:
    with sqlite3.connect(str(world.store.database.url.database)) as file:
        for statement in ("delete from audit", "update audit set who = 'eve'"):
            with pytest.raises(sqlite3.IntegrityError, match="audit rows stay"):
                file.execute(statement)
    file.close()


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        pytest.param(("update audit set who = 'eve' where number = 2",), "row 2 was changed", id="changed"),
        pytest.param(("update audit set after = null where number = 3",), "row 3 was changed", id="state changed"),
        pytest.param(("delete from audit where number = 2",), "row 3 does not follow row 1", id="removed"),
        pytest.param(("delete from audit where number = 1",), "row 2 does not follow the beginning", id="the first"),
        pytest.param(("delete from audit where number = 3",), "3 rows were written and 2 are there", id="the last"),
        pytest.param(
            (
                "update audit set number = 9 where number = 2",
                "update audit set number = 2 where number = 3",
                "update audit set number = 3 where number = 9",
            ),
            "does not follow",
            id="moved",
        ),
    ],
)
def test_what_somebody_did_to_it_is_found(
    world: World, busy: FlaskClient, tmp_path: Path, statements: tuple[str, ...], said: str
) -> None:
    assert audit(busy, "/check") == {"intact": True, "problems": [], "rows": 3, "head": audit(busy)["rows"][0]["hash"]}
    tamper(world, *statements)
    found = audit(busy, "/check")
    assert not found["intact"]
    assert said in "\n".join(found["problems"])
    done = CliRunner().invoke(main, ["audit", "verify"], env={"AIOPS_DATA_DIR": str(tmp_path), "AIOPS_PORT": "1"})
    assert (done.exit_code, said in done.stderr) == (1, True)


def test_a_head_that_was_kept_shows_that_the_end_is_gone(world: World, busy: FlaskClient, tmp_path: Path) -> None:
    env = {"AIOPS_DATA_DIR": str(tmp_path), "AIOPS_PORT": "1"}
    head = audit(busy, "/check")["head"]
    assert CliRunner().invoke(main, ["audit", "verify", "--head", head], env=env).exit_code == 0
    tamper(world, "delete from audit where number = 3", "update progress set value = 2 where name = 'audit'")
    quiet = CliRunner().invoke(main, ["audit", "verify"], env=env)
    assert quiet.exit_code == 0, "the chain alone cannot know"
    found = CliRunner().invoke(main, ["audit", "verify", "--head", head], env=env)
    assert (found.exit_code, "no row has the hash" in found.stderr) == (1, True)


def test_it_is_exported_line_by_line(busy: FlaskClient, tmp_path: Path) -> None:
    env = {"AIOPS_DATA_DIR": str(tmp_path), "AIOPS_PORT": "1"}
    lines = CliRunner().invoke(main, ["audit", "export"], env=env).stdout.splitlines()
    assert [json.loads(one)["number"] for one in lines] == [3, 2, 1]


def test_what_is_not_audited_is_not_done(world: World, busy: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction: where the entry cannot be written, the change is not there either."""
    with sqlite3.connect(str(world.store.database.url.database)) as file:
        file.execute("create trigger full before insert on audit begin select raise(abort, 'no room'); end")
    file.close()
    head = {"Authorization": f"Bearer {TOKENS['ana']}"}
    refused = busy.post("/aiops/tokens", json={"name": "x", "role": "viewer"}, headers=head)
    assert refused.status_code == 503
    assert world.use_cases.access.tokens() == []
    with pytest.raises(StoreError):
        world.use_cases.access.add_token("y", "viewer", None, Actor("ana"))  # type: ignore[arg-type]
    assert world.use_cases.access.store.tokens() == {}


ENTRY = st.builds(
    AuditEntry,
    at=st.floats(0, 4e9),
    by=st.builds(Actor, st.text(max_size=8), st.sampled_from(SignIn), st.text(max_size=8)),
    what=st.text(max_size=8),
    subject=st.text(max_size=8),
    text=st.text(max_size=8),
    before=st.none()
    | st.dictionaries(st.text(max_size=3), st.integers() | st.none() | st.text(max_size=3), max_size=2),
    after=st.none() | st.dictionaries(st.text(max_size=3), st.booleans() | st.floats(0, 1), max_size=2),
)


def chain(entries: list[AuditEntry]) -> list[AuditRow]:
    rows, previous = [], BEGINNING
    for number, entry in enumerate(entries, 1):
        rows.append(sealed(number, entry, previous))
        previous = rows[-1].hash
    return rows


@given(st.lists(ENTRY, min_size=2, max_size=6), st.data())
def test_any_row_that_is_gone_or_exchanged_is_found(entries: list[AuditEntry], data: st.DataObject) -> None:
    rows = chain(entries)
    assert list(breaks(rows)) == []
    at = data.draw(st.integers(0, len(rows) - 2))
    assert list(breaks(rows[:at] + rows[at + 1 :]))
    assert list(breaks([*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]))


def test_a_cycle_on_demand_is_audited_before_it_runs(world: World, busy: FlaskClient) -> None:
    asked = {"headers": {"Authorization": f"Bearer {TOKENS['ben']}"}}
    assert busy.post("/aiops/analyze", **asked).status_code == 200  # type: ignore[arg-type]
    row = audit(busy)["rows"][0]
    assert (row["who"], row["what"], row["subject"]) == ("ben", "run cycle", "engine")
    tamper(world, "alter table audit rename to away")
    assert busy.post("/aiops/analyze", **asked).status_code == 503  # type: ignore[arg-type]


def test_received_alerts_are_one_row_for_each_post_that_changes_something(world: World, busy: FlaskClient) -> None:
    def told(*alerts: dict[str, Any]) -> list[Any]:
        answer = busy.post("/aiops/alerts", json=hook(*alerts), headers={"Authorization": f"Bearer {TOKENS['ana']}"})
        assert answer.status_code == 200, answer.text
        return [one for one in audit(busy)["rows"] if one["what"] == "receive alerts"]

    two = alert(), alert(name="Slow", fingerprint="42c6a473bcfcb167")
    assert len(told(*two)) == 1
    world.clock.at += 60
    assert len(told(*two)) == 1, "they are told again"
    over = told(alert(ends_at=NOW - 5), two[1])
    assert [one["text"] for one in over] == ["0 firing, 1 resolved: Burn, Slow", "2 firing, 0 resolved: Burn, Slow"]
    assert (over[0]["who"], over[0]["after"]) == ("ana", {"firing": 0, "resolved": 1})
    assert audit(busy, "/check")["problems"] == []


def test_its_end_is_told_where_it_can_be_kept(world: World, busy: FlaskClient) -> None:
    head = {"Authorization": f"Bearer {TOKENS['ana']}"}
    world.use_cases.operation.after_cycle()
    state = audit(busy, "/check")
    found = busy.get("/aiops/system", headers=head).json
    assert found
    assert found["audit"] == {"rows": state["rows"], "head": state["head"]}
    lines = busy.get("/metrics").text.splitlines()
    assert f"aiops_audit_rows {float(state['rows'])}" in lines
    [told] = [line for line in lines if line.startswith("aiops_audit_head ")]
    assert float(told.split()[1]) == int(state["head"][:13], 16)
