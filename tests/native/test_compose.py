"""docker-compose.yml against its schema, the promised addresses, and what it mounts; it runs where Docker is."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.config import load_settings
from tools.native.addresses import PORTS

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MADE_ON_THE_FIRST_START = (".secrets/engine_tokens", ".secrets/alertmanager_token")
# Their images have no program that could ask.
CANNOT_ASK = {"otel-collector", "tempo", "load"}
# In compose the Collector stands before the engine, and Grafana keeps its own port inside.
PUBLISHED = {name: port for name, port in PORTS.items() if not name.startswith("aiops-") and name != "tempo-memberlist"}


def megabytes(text: str) -> int:
    assert text.endswith("m"), f"{text} is not in megabytes"
    return int(text[:-1])


def test_it_fits_the_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_service_has_a_limit_and_all_of_them_fit_three_gigabytes() -> None:
    limits = {name: megabytes(one["mem_limit"]) for name, one in SERVICES.items()}
    assert sum(limits.values()) <= 3 * 1024, limits


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["restart"] == "unless-stopped"
    assert "privileged" not in one
    if "build" not in one:
        assert re.search(r":v?\d+\.\d+\.\d+$", one["image"]), "an image of others is pinned to a version"


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_reached_from_this_machine_alone_and_where_promised(name: str) -> None:
    for text in SERVICES[name].get("ports", ()):
        address, outside, _ = text.rsplit(":", 2)
        assert address == "127.0.0.1", text
        assert int(outside) in {*PORTS.values(), 3001}, text


def test_every_promised_port_is_published() -> None:
    published = {int(text.split(":")[1]) for one in SERVICES.values() for text in one.get("ports", ())}
    assert published == {*PUBLISHED.values(), 3001}


def test_what_is_mounted_is_there() -> None:
    for name, one in SERVICES.items():
        for text in one.get("volumes", ()):
            source = text.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).exists(), f"{name} mounts {source}"
                assert text.endswith(":ro"), f"{name} may write to {source}"
            else:
                assert source in COMPOSE["volumes"], f"{name} uses volume {source}"
        for secret in one.get("secrets", ()):
            assert secret in COMPOSE["secrets"]
    assert tuple(one["file"] for one in COMPOSE["secrets"].values()) == MADE_ON_THE_FIRST_START


@pytest.mark.parametrize("name", SERVICES)
def test_whoever_waits_waits_for_what_can_be_healthy(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        can = other not in CANNOT_ASK
        assert wanted["condition"] == ("service_healthy" if can else "service_started")


@pytest.mark.parametrize("name", SERVICES)
def test_a_health_check_asks_a_port_that_its_service_listens_on(name: str) -> None:
    check = SERVICES[name].get("healthcheck")
    if name in CANNOT_ASK:
        assert check == {"disable": True}
    elif check is None:  # in the image
        dockerfile = (ROOT / SERVICES[name]["build"] / "Dockerfile").read_text(encoding="utf-8")
        assert "HEALTHCHECK" in dockerfile
    else:
        [asked] = re.findall(r"http://127\.0\.0\.1:(\d+)/", " ".join(check["test"]))
        assert asked in {text.rsplit(":", 1)[1] for text in SERVICES[name]["ports"]}


def test_targets_name_services_and_the_ports_they_listen_on() -> None:
    for file in (ROOT / "prometheus" / "targets" / "compose").glob("*.yml"):
        for group in yaml.safe_load(file.read_text(encoding="utf-8")):
            for target in group["targets"]:
                name, port = target.split(":")
                assert port in {text.rsplit(":", 1)[1] for text in SERVICES[name]["ports"]}


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    script = tmp_path / "tools" / "scripts" / "secrets.sh"
    script.parent.mkdir(parents=True)
    script.write_bytes((ROOT / "tools" / "scripts" / "secrets.sh").read_bytes())
    (tmp_path / ".env").write_text("SHOP_RATE=20\n")

    def made() -> dict[str, str]:
        done = subprocess.run(["/bin/sh", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return {name: (tmp_path / name).read_text() for name in (".env", *MADE_ON_THE_FIRST_START)}

    first = made()
    assert made() == first
    assert re.fullmatch(r"SHOP_RATE=20\nGRAFANA_ADMIN_PASSWORD=[0-9a-f]{48}\n", first[".env"])
    assert first[MADE_ON_THE_FIRST_START[1]] in first[MADE_ON_THE_FIRST_START[0]].replace("alertmanager: ", "")
    assert oct((tmp_path / ".secrets").stat().st_mode)[-3:] == "700"
    assert oct((tmp_path / ".env").stat().st_mode)[-3:] == "600"


def test_the_engine_takes_its_settings(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("operator: 0123456789abcdef0123456789abcdef\n")
    image = re.findall(r"(AIOPS_\w+)=(\S+)", (ROOT / "anomaly-detector" / "Dockerfile").read_text(encoding="utf-8"))
    settings = load_settings({**dict(image), **SERVICES["aiops"]["environment"], "AIOPS_TOKEN_FILE": str(tokens)})
    assert (settings.host, settings.url) == ("0.0.0.0", "http://127.0.0.1:8000")
    for url in (settings.prometheus.url, settings.tempo.url, settings.alertmanager_url, settings.traces_url):
        name, port = re.fullmatch(r"http://([\w-]+):(\d+)", url).groups()  # type: ignore[union-attr]
        assert port in {text.rsplit(":", 1)[1] for text in SERVICES[name]["ports"]}
