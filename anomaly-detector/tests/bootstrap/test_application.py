"""The engine with its receiver, as it runs: what it says of what it was sent, and whom it lets in."""

import re
import time
from pathlib import Path

import requests
from sources.otlp import Call, spans

from aiops.bootstrap import embedded
from aiops.config import Settings
from aiops.testing.waiting import until

from ..cli.test_main import free_port

TIMEOUT = 60.0


def test_what_clients_send_wrongly_is_counted_by_reason(tmp_path: Path) -> None:
    engine = embedded(
        Settings(port=0, otlp_http_port=free_port(), otlp_grpc_port=free_port(), data_dir=tmp_path, cycle_seconds=0.2)
    )
    engine.start()
    try:
        now = time.time()
        export = spans(*(Call(number, number, now) for number in (1, 2, 3)))
        odd, lone, _ = (group.scope_spans[0].spans[0] for group in export.resource_spans)
        odd.span_id, lone.parent_span_id = b"short", b"short"
        address = f"http://127.0.0.1:{engine.source.receivers.http_port}/v1/traces"
        headers = {"Content-Type": "application/x-protobuf"}
        with requests.post(address, data=export.SerializeToString(), headers=headers, timeout=30) as answer:
            assert answer.status_code == 200
        wanted = {
            'aiops_received_faults{reason="a span id must be 8 bytes, not all zero"} 1.0',
            'aiops_received_faults{reason="a parent span id must be empty or 8 bytes"} 1.0',
        }
        until(
            lambda: wanted <= set(engine.use_cases.operation.exposition().decode().splitlines()), TIMEOUT, str(wanted)
        )
    finally:
        engine.stop()


def test_whoever_is_not_on_loopback_signs_in_or_shows_a_token(tmp_path: Path) -> None:
    """Through the real server, which does not read the bodies of others, and the real receiver."""
    ports = {name: free_port() for name in ("port", "otlp_http_port", "otlp_grpc_port")}
    root = "0123456789abcdef-root"
    engine = embedded(Settings(host="0.0.0.0", otlp_host="0.0.0.0", data_dir=tmp_path, tokens={"root": root}, **ports))
    url, html = f"http://127.0.0.1:{ports['port']}", {"Accept": "text/html"}
    person = requests.Session()

    def sends(token: str) -> int:
        address, head = f"http://127.0.0.1:{ports['otlp_http_port']}/v1/traces", {"Authorization": f"Bearer {token}"}
        return requests.post(address, json={"resourceSpans": []}, headers=head, timeout=30).status_code

    def found(pattern: str, page: str) -> str:
        one = re.search(pattern, page)
        assert one, page
        return one[1]

    engine.start()
    try:
        assert [requests.get(url + path, timeout=30).status_code for path in ("/health", "/metrics")] == [200, 200]
        assert requests.get(f"{url}/aiops/incidents", timeout=30).status_code == 401
        asked = person.get(f"{url}/services", headers=html, timeout=30)
        assert asked.url == f"{url}/sign-in?next=/services"
        form = {"token": root, "next": "/services"}
        inside = person.post(f"{url}/sign-in", data=form, headers={**html, "Origin": url}, timeout=30)
        assert (inside.url, inside.status_code) == (f"{url}/services", 200)
        csrf = found(r'name="csrf" value="(\w+)"', person.get(f"{url}/tokens", headers=html, timeout=30).text)
        wanted = {"csrf": csrf, "name": "collector", "role": "ingest", "days": "30"}
        made = person.post(f"{url}/tokens", data=wanted, headers=html, timeout=30).text
        secret, number = found(r'id="secret">(aiops_[\w-]+)<', made), found(r"/tokens/([0-9a-f]{8})/revoke", made)
        until(lambda: sends(secret) == 200, TIMEOUT, "the receiver knows the new token")
        assert [sends("x" * 20), sends(root)] == [401, 200]
        change, head = {"kind": "flag", "service": "payment"}, {"Authorization": f"Bearer {secret}"}
        assert requests.post(f"{url}/aiops/changes", json=change, headers=head, timeout=30).status_code == 201
        assert requests.get(f"{url}/aiops/changes", headers=head, timeout=30).status_code == 403
        person.post(f"{url}/tokens/{number}/revoke", data={"csrf": csrf}, headers=html, timeout=30)
        until(lambda: sends(secret) == 401, TIMEOUT, "the receiver knows that it is revoked")
        assert requests.post(f"{url}/aiops/changes", json=change, headers=head, timeout=30).status_code == 401
        check = person.get(f"{url}/aiops/audit/check", timeout=30).json()
        assert (check["intact"], check["rows"]) == (True, 4)
        person.post(f"{url}/sign-out", data={"csrf": csrf}, timeout=30)
        assert person.get(f"{url}/aiops/incidents", timeout=30).status_code == 401
    finally:
        engine.stop()
