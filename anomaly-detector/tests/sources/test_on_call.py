"""Shifts out of calendars: repeated, in their zones, and with the names that programs write."""

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from aiops.model import Window
from aiops.model.catalog import OnCallShift
from aiops.model.errors import SourceError
from aiops.sources.on_call import shifts


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def calendar(*events: str, head: str = "") -> str:
    body = "\r\n".join(f"BEGIN:VEVENT\r\nUID:{number}\r\n{one}\r\nEND:VEVENT" for number, one in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{head}{body}\r\nEND:VCALENDAR\r\n"


def found(folder: Path, text: str, start: str, end: str) -> list[OnCallShift]:
    (folder / "a.ics").write_bytes(text.encode())
    return shifts(str(folder / "a.ics"), Window(at(start), at(end)))


def test_a_weekly_shift_keeps_its_local_hour_over_the_change_to_summer_time(tmp_path: Path) -> None:
    text = calendar(
        "SUMMARY:Ana\r\nDTSTART;TZID=Europe/Berlin:20260323T090000\r\nDTEND;TZID=Europe/Berlin:20260323T170000\r\n"
        "RRULE:FREQ=WEEKLY"
    )
    assert found(tmp_path, text, "2026-03-23", "2026-04-01") == [
        OnCallShift(at("2026-03-23T08:00"), at("2026-03-23T16:00"), "Ana"),
        OnCallShift(at("2026-03-30T07:00"), at("2026-03-30T15:00"), "Ana"),
    ]


def test_whole_days_and_times_without_a_zone_are_those_of_the_calendar(tmp_path: Path) -> None:
    text = calendar(
        "SUMMARY:Bo\r\nDTSTART;VALUE=DATE:20260601\r\nDTEND;VALUE=DATE:20260603",
        "SUMMARY:Cy\r\nDTSTART:20260603T080000\r\nDURATION:PT8H",
        head="X-WR-TIMEZONE:Asia/Kolkata\r\n",
    )
    assert found(tmp_path, text, "2026-06-01", "2026-06-05") == [
        OnCallShift(at("2026-05-31T18:30"), at("2026-06-02T18:30"), "Bo"),
        OnCallShift(at("2026-06-03T02:30"), at("2026-06-03T10:30"), "Cy"),
    ]


def test_the_attendee_is_named_a_cancelled_shift_is_not_and_an_exception_counts(tmp_path: Path) -> None:
    text = calendar(
        "SUMMARY:On call\r\nATTENDEE;CN=Ana Lopez:mailto:ana@example.org\r\nDTSTART:20260601T000000Z\r\n"
        "DTEND:20260602T000000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:20260602T000000Z",
        "SUMMARY:Bo\r\nSTATUS:CANCELLED\r\nDTSTART:20260601T000000Z\r\nDTEND:20260602T000000Z",
    )
    starts = [one.start for one in found(tmp_path, text, "2026-06-01", "2026-06-05")]
    assert starts == [at("2026-06-01"), at("2026-06-03")]
    assert {one.name for one in found(tmp_path, text, "2026-06-01", "2026-06-05")} == {"Ana Lopez"}


@pytest.mark.parametrize("text", ["", "<html>no calendar</html>", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT"])
def test_what_is_no_calendar_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match="is no calendar that can be read"):
        found(tmp_path, text, "2026-06-01", "2026-06-05")


def test_an_address_is_asked_and_its_secret_path_never_said() -> None:
    answers = {"/secret/a.ics": (200, calendar("SUMMARY:Ana\r\nDTSTART:20260601T000000Z\r\nDTEND:20260602T000000Z"))}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = answers.get(self.path, (403, "no"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    window = Window(at("2026-06-01"), at("2026-06-02"))
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert [one.name for one in shifts(f"{url}/secret/a.ics", window)] == ["Ana"]
        with pytest.raises(SourceError) as refused:
            shifts(f"{url}/other-secret/b.ics", window)
        assert str(refused.value) == "the calendar of 127.0.0.1 answers 403"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    with pytest.raises(SourceError) as away:
        shifts(f"{url}/secret/a.ics", window)
    assert str(away.value) == "the calendar of 127.0.0.1 does not answer"
