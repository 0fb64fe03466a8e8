"""An engine that serves TLS itself: pages, API, telemetry, and the commands that ask it."""

from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from made_up.certificates import Authority

from aiops.bootstrap import CannotStart, embedded
from aiops.cli.main import main
from aiops.config import Settings
from aiops.model.errors import SourceError
from aiops.testing.waiting import until

from ..cli.test_main import free_port

TOKEN = "0123456789abcdef-root"


def settings(folder: Path, **tls: str) -> Settings:
    ports = {name: free_port() for name in ("port", "otlp_http_port", "otlp_grpc_port")}
    return Settings.model_validate({"data_dir": folder / "data", "tokens": {"root": TOKEN}, "tls": tls, **ports})


def test_everything_is_served_by_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    engine = embedded(settings(tmp_path, cert_file=pair.certificate, key_file=pair.key))
    assert engine.url == f"https://127.0.0.1:{engine.settings.port}"
    engine.start()
    try:
        person = requests.Session()
        person.verify, person.trust_env = authority.file, False
        signed = person.post(f"{engine.url}/sign-in", data={"token": TOKEN}, allow_redirects=False, timeout=30)
        assert signed.headers["Set-Cookie"].startswith("__Host-aiops=")
        assert "Secure" in signed.headers["Set-Cookie"]
        page = person.get(f"{engine.url}/", timeout=30)
        assert (page.status_code, "Strict-Transport-Security" in page.headers) == (200, False)
        otlp = f"https://127.0.0.1:{engine.settings.otlp_http_port}/v1/traces"
        head = {"Authorization": f"Bearer {TOKEN}"}
        sent = requests.post(otlp, json={"resourceSpans": []}, headers=head, verify=authority.file, timeout=30)
        assert sent.status_code == 200

        def asked(**env: str) -> tuple[int, str]:
            found = CliRunner().invoke(main, ["incidents", "list", "--url", engine.url, "--token", TOKEN], env=env)
            return found.exit_code, found.output

        assert asked(AIOPS_CA_FILE=authority.file)[0] == 0
        code, said = asked()
        assert (code != 0, "AIOPS_CA_FILE names the CA to trust" in said) == (True, True)
        code, said = asked(AIOPS_CA_FILE=str(tmp_path / "nowhere"))
        assert (code != 0, "AIOPS_CA_FILE cannot be used" in said) == (True, True)
        Path(pair.key).write_text("nonsense")
        assert person.get(f"{engine.url}/health", timeout=30).status_code == 200
        person.close()
        until(
            lambda: (
                'aiops_tls_reloads_total{outcome="refused"} 1.0'
                in requests.get(f"{engine.url}/metrics", verify=authority.file, timeout=30).text
            ),
            30,
            "the broken file is counted",
        )
    finally:
        engine.stop()


def test_pages_or_telemetry_alone_may_be_served_by_tls(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("server")
    files = {"cert_file": pair.certificate, "key_file": pair.key}
    assert settings(tmp_path, **files, serves="otlp").url.startswith("http:")
    assert not settings(tmp_path, **files, serves="pages").tls.on_otlp


def test_an_engine_without_its_certificate_does_not_start(tmp_path: Path) -> None:
    nowhere = {"cert_file": "/nowhere", "key_file": "/nowhere"}
    with pytest.raises(CannotStart, match="tls_cert_file"):
        embedded(settings(tmp_path, **nowhere, serves="pages"))
    engine = embedded(settings(tmp_path, **nowhere, serves="otlp"))
    try:
        with pytest.raises(SourceError, match="tls_cert_file"):
            engine.start()
    finally:
        engine.stop()
