"""The file of notifications: what is wrong is named with its key, its value and what is allowed; secrets never are."""

from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from aiops.cli.main import main
from aiops.config import Settings, load_settings, shown_settings
from aiops.model import Severity
from aiops.notify import BadRoutes, load_routes
from aiops.notify.routing import FurtherChannels

from .sink import Sink, http_sink

GUIDE = Path(__file__).parents[3] / "docs" / "notifications.md"
SECRET = "s3cret-0123456789"
WHOLE = """
zone: Europe/Berlin
channels:
  hook: {kind: webhook, url: http://127.0.0.1:9/s3cret-0123456789, headers: {Authorization: Bearer s3cret-0123456789}}
  pager: {kind: pagerduty, routing_key: s3cret-0123456789}
  chat: {kind: slack, bot_token: s3cret-0123456789, channel: C1, people: {U1: responder}}
  mail: {kind: apprise, url: "mailto://ann:s3cret-0123456789@example.org"}
  log: {kind: log}
routes:
- name: nights
  match: {severity: high, service: ["pay*", checkout], kind: incident, transition: [opened, resolved]}
  channels: [log, hook]
  continue: true
  quiet: {days: mon-fri, from: "22:00", to: "07:00", except: critical}
  escalation:
  - {after_minutes: 10, channels: pager}
  - {after_minutes: 30, channels: [chat, mail]}
- name: office
  match: {time: {days: [mon-thu, fri], from: "09:00", to: "17:00", zone: UTC}}
  channels: chat
default: log
"""


def written(tmp_path: Path, text: str = WHOLE) -> Path:
    file = tmp_path / "notify.yaml"
    file.write_text(text)
    return file


def test_the_whole_file_is_read(tmp_path: Path) -> None:
    routing = load_routes(written(tmp_path)).routing()
    nights, office = routing.routes
    assert (nights.match.severity, nights.match.services) == (Severity.HIGH, ("pay*", "checkout"))
    assert nights.goes_on
    assert nights.quiet is not None
    assert (nights.quiet.hours.start, nights.quiet.hours.end, nights.quiet.unless) == (1320, 420, Severity.CRITICAL)
    assert nights.quiet.hours.zone.key == "Europe/Berlin"
    assert nights.steps == (FurtherChannels(600.0, ("pager",)), FurtherChannels(1800.0, ("chat", "mail")))
    assert office.match.hours is not None
    assert (sorted(office.match.hours.days), office.match.hours.zone.key) == ([0, 1, 2, 3, 4], "UTC")
    assert (office.channels, routing.default) == (("chat",), ("log",))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "kind: slack",
            "kind: slak",
            "`channels.chat.kind`: is one of log, webhook, apprise, pagerduty, slack, not 'slak'",
        ),
        ("kind: log", "king: log", "`channels.log.kind`: is one of log, webhook, apprise, pagerduty, slack, not None"),
        ("{kind: log}", "3", "`channels.log`"),
        ("channel: C1", "chanel: C1", "`channels.chat.chanel`: unknown key; allowed are kind, bot_token, channel"),
        ("U1: responder", "U1: boss", "`channels.chat.people.U1`: input should be 'ingest', 'viewer'"),
        ("severity: high", "severity: hi", "`routes.0.match.severity`: input should be 'low', 'medium', 'high' or"),
        ("service: [", "servce: [", "`routes.0.match.servce`: unknown key; allowed are severity, service, kind"),
        ("kind: incident", "kind: x", "`routes.0.match.kind.0`: input should be 'incident' or 'burn', not 'x'"),
        ("[opened, ", "[open, ", "`routes.0.match.transition.0`: input should be 'opened', 'changed'"),
        ("days: mon-fri", "days: monday", "`routes.0.quiet.days.0`: days are written like mon, mon-fri or sat-sun"),
        ('from: "22:00"', "from: 22:00", '`routes.0.quiet.from`: a time of day is written in quotes like "07:30"'),
        ("except: critical", "unless: critical", "`routes.0.quiet.unless`: unknown key; allowed are days, from, to"),
        (
            "after_minutes: 10",
            "after_minutes: 0",
            "`routes.0.escalation.0.after_minutes`: input should be greater than",
        ),
        ("after_minutes: 30", "after_minutes: 5", "after_minutes of each step is more than of the last"),
        ("channels: pager", "channels: pagr", "routes.nights.escalation.0.channels: there is no channel 'pagr'"),
        ("name: office", "name: nights", "two have the name 'nights'"),
        ("zone: UTC", "zone: Mars", "`routes.1.match.time.zone`: a time zone is named like Europe/Berlin, not 'Mars'"),
        ("default: log", "", "`default`: is missing"),
        ("default: log", "default: []\nrutes: []", "`rutes`: unknown key; allowed are zone, channels, routes, default"),
        ("routes:", "routes: [", "is not valid YAML in line"),
        (
            "routing_key: s3cret-0123456789",
            "routing_key: [s3cret-0123456789]",
            "`channels.pager.routing_key`: a secret is",
        ),
        ("bot_token: s3cret-0123456789", "bot_token: {env: NOT_THERE}", "the variable NOT_THERE of the environment"),
        ("bot_token: s3cret-0123456789", "bot_token: {file: /nowhere}", "cannot read the file /nowhere: No such file"),
        (
            'days: mon-fri, from: "22:00", to: "07:00"',
            'from: "07:00", to: "07:00"',
            "routes.nights.quiet: it never ends",
        ),
    ],
)
def test_what_is_wrong_is_named_and_secrets_are_not(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in WHOLE
    file = written(tmp_path, WHOLE.replace(before, after))
    with pytest.raises(BadRoutes) as refused:
        load_routes(file)
    assert str(refused.value).startswith(str(file))
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "3", "channels: {}", "default: log", "\0"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadRoutes, match=r"notify\.yaml"):
        load_routes(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BadRoutes, match=r"cannot read the notifications /nowhere/notify\.yaml: No such file"):
        load_routes(Path("/nowhere/notify.yaml"))


def test_secrets_come_from_files_and_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_KEY", SECRET)
    (tmp_path / "token").write_text(f"{SECRET}\n")
    text = WHOLE.replace("routing_key: s3cret-0123456789", "routing_key: {env: PAGER_KEY}")
    text = text.replace("bot_token: s3cret-0123456789", f"bot_token: {{file: {tmp_path / 'token'}}}")
    channels: Any = load_routes(written(tmp_path, text)).channels
    assert channels["pager"].routing_key.get_secret_value() == SECRET
    assert channels["chat"].bot_token.get_secret_value() == SECRET
    assert SECRET not in repr(channels)


def test_the_example_of_the_guide_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its secrets there."""
    lines = GUIDE.read_text().partition("## The file")[2].partition("    zone:")[2].splitlines()
    block = takewhile(lambda line: not line or line.startswith("    "), lines[1:])
    text = f"zone:{lines[0]}\n" + "\n".join(line[4:] for line in block)
    for variable in ("PAGERDUTY_KEY", "SLACK_APP_TOKEN"):
        monkeypatch.setenv(variable, "0123456789abcdef0123456789abcdef")
    for name, secret in (
        ("slack-bot-token", "xoxb-1"),
        ("mail-url", "mailtos://aiops:pw@example.org?to=on-call@example.org"),
        ("teams-url", "workflows://prod.logic.azure.com/abcdef0123456789/signature"),
    ):
        (tmp_path / name).write_text(secret)
    file = written(tmp_path, text.replace("/run/secrets", str(tmp_path)))
    done = CliRunner().invoke(main, ["notify", "check", str(file)])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, f"{file} is fine"), done.output
    assert yaml.safe_load(text)["routes"]


def test_check_says_what_is_wrong_with_exit_code_1(tmp_path: Path) -> None:
    file = written(tmp_path, WHOLE.replace("mailto:", "mailtoo:"))
    done = CliRunner().invoke(main, ["notify", "check", str(file)])
    assert done.exit_code == 1
    assert "`channels.mail.url`: this is no address that Apprise knows" in done.output
    assert SECRET not in done.output


def test_list_says_which_channels_and_why(tmp_path: Path) -> None:
    file = str(written(tmp_path))
    night = ["--service", "payment", "--at", "2026-11-30T23:00:00+01:00"]
    done = CliRunner().invoke(main, ["notify", "list", "--file", file, *night])
    assert done.output.splitlines() == [
        "incident opened of payment, high, at 2026-11-30 22:00:00 UTC",
        "  route nights: yes, log, hook, held back until 2026-12-01 06:00:00 UTC",
        "  route office: no, it is outside of its hours",
        "log: at 2026-12-01 06:00:00 UTC, after quiet hours",
        "hook: at 2026-12-01 06:00:00 UTC, after quiet hours",
        "pager: after 8 h 10 min without acknowledgement (nights)",
        "chat, mail: after 8 h 30 min without acknowledgement (nights)",
    ]
    burn = CliRunner().invoke(main, ["notify", "list", "--file", file, "--kind", "burn", *night])
    assert burn.output.splitlines()[-2:] == ["  no route matches: default, log", "log: at once"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--at", "noon"], "--at: must be RFC 3339"),
        (["--transition", "burns"], "burns is not for the kind incident"),
        (["--severity", "huge"], "'huge' is not one of"),
    ],
)
def test_list_refuses_what_makes_no_sense(tmp_path: Path, more: list[str], said: str) -> None:
    done = CliRunner().invoke(main, ["notify", "list", "--file", str(written(tmp_path)), *more])
    assert done.exit_code == 2
    assert said in done.output


@pytest.fixture
def sink() -> Any:
    with http_sink() as one:
        yield one


def test_test_sends_a_marked_message_to_each_channel_and_says_what_it_answers(tmp_path: Path, sink: Sink) -> None:
    text = f"""
channels:
  hook: {{kind: webhook, url: "{sink.url}/{SECRET}"}}
  away: {{kind: webhook, url: "http://127.0.0.1:9/{SECRET}"}}
default: hook
"""
    file = str(written(tmp_path, text))
    done = CliRunner().invoke(main, ["notify", "test", "--file", file])
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "hook (webhook): sent",
        "away (webhook): failed: 127.0.0.1 cannot be reached: Connection refused",
    ]
    assert sink.got[0].body["transition"] == "test"
    assert "This is a test of aiops" in sink.got[0].body["incident"]["headline"]
    only = CliRunner().invoke(main, ["notify", "test", "--file", file, "--channel", "hook"])
    assert (only.exit_code, only.output) == (0, "hook (webhook): sent\n")
    strange = CliRunner().invoke(main, ["notify", "test", "--file", file, "--channel", "chat"])
    assert strange.exit_code == 2
    assert "there is no channel 'chat'; channels are hook, away" in strange.output


def test_the_setting_is_one_like_others(tmp_path: Path) -> None:
    settings = load_settings({"AIOPS_NOTIFY_FILE": "~/notify.yaml"})
    shown = {one.key: one.value for one in shown_settings(settings)}
    assert shown["notify_file"] == "~/notify.yaml"
    assert Settings().notify_file == ""
