"""What is shown of settings holds no secret, and says where each value came from."""

import json
from pathlib import Path

import pytest

from aiops.config import Settings, load_settings, shown_settings
from aiops.config.shown import without_secrets

SECRET = "s3cr3t"
TOKEN = f"{SECRET}-and-long-enough"
ADDRESSES = {
    "prometheus_url": f"https://ana:{SECRET}@prometheus:9090/api?key={SECRET}",
    "prometheus_otlp_url": f"https://:{SECRET}@prometheus/otlp",
    "tempo_url": f"http://ana:a/{SECRET}@tempo:3200",
    "traces_url": f"http://{SECRET}@collector:4318",
    "public_url": f"https://aiops.example.org?a=1&token={SECRET}#top",
    "grafana_url": f"https://ana:{SECRET},@grafana",
    "webhook_url": f"https://hooks.example.org/T1/{SECRET}",
    "alertmanager_url": f"http://ana:{SECRET}@one:9093, http://two:9093,http://b:{SECRET}@three:9093",
}


def test_no_secret_is_shown() -> None:
    oidc = {"issuer": "https://login.example.org", "client_id": "a", "client_secret": SECRET, "default_role": "viewer"}
    settings = Settings.model_validate({**ADDRESSES, "tokens": {"ana": TOKEN}, "oidc": oidc})
    shown = {one.key: one.value for one in shown_settings(settings)}
    assert SECRET not in json.dumps(shown)
    assert shown["tokens"] == {"ana": "***"}
    assert shown["webhook_url"] == shown["oidc_client_secret"] == "***"
    assert shown["alertmanager_url"] == "http://***@one:9093, http://two:9093,http://***@three:9093"
    assert shown["prometheus_url"] == "https://***@prometheus:9090/api?key=***"


@pytest.mark.parametrize(
    "address", ["", "http://127.0.0.1:9090", "https://a.example.org/path/to", "http://[::1]:9090/api/v1"]
)
def test_an_address_without_secrets_stays(address: str) -> None:
    assert without_secrets(address) == address


def test_every_value_says_where_it_came_from(tmp_path: Path) -> None:
    file = tmp_path / "aiops.yaml"
    file.write_text("port: 1\nprometheus: {url: 'http://a:9090', tenant: t}\ncycle_seconds: 5\n")
    settings = load_settings(
        {"AIOPS_PORT": "3", "AIOPS_PROMETHEUS_TENANT": "u", "AIOPS_TOKEN": TOKEN},
        file,
        {"log_level": "debug", "host": None},
        {"cycle_seconds": 3, "resolve_seconds": 9},
    )
    shown = {one.key: (one.value, one.origin) for one in shown_settings(settings)}
    assert set(shown) == set(Settings.keys())
    assert shown["port"] == (3, "environment")
    assert shown["prometheus_url"] == ("http://a:9090", f"file {file}")
    assert shown["prometheus_tenant"] == ("u", "environment")
    assert shown["tokens"] == ({"token": "***"}, "environment")
    assert shown["log_level"] == ("debug", "command line")
    assert shown["cycle_seconds"] == (5.0, f"file {file}")
    assert shown["resolve_seconds"] == (9.0, "this command")
    assert shown["host"] == ("127.0.0.1", "default")
