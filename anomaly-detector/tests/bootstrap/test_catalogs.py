"""The catalogue of services out of its file, plain or of Backstage."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from aiops.bootstrap.catalogs import BadCatalog, load_catalog
from aiops.cli.main import main
from aiops.model.catalog import CatalogEntry

PLAIN = """
services:
  payment:
    owner: payments
    runbook: https://wiki.example.org/payment
    slack: "#pay-oncall"
    contact: payments@example.org
    on_call: payments.ics
  checkout: {owner: shop}
"""
BACKSTAGE = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payment-service
  annotations:
    aiops/service: payment
    github.com/project-slug: shop/payment
  links:
    - {url: https://wiki.example.org/payment, title: When payments fail, type: runbook}
    - {url: https://grafana.example.org/d/pay, title: Dashboard, icon: dashboard}
spec: {type: service, lifecycle: production, owner: "group:default/Payments"}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: payments
  annotations: {aiops/on-call: "https://example.org/secret/payments.ics", aiops/slack: "#pay"}
spec: {type: team, profile: {displayName: Payments team, email: payments@example.org}, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
spec: {owner: payments}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout}
spec: {type: service, lifecycle: production, owner: user:ana}
"""
SHIFT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VEVENT
UID:1
SUMMARY:Ana
DTSTART:20200101T000000Z
DTEND:20200102T000000Z
RRULE:FREQ=DAILY
END:VEVENT
END:VCALENDAR
"""


def made(folder: Path, text: str) -> Path:
    file = folder / "catalog.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_plain_catalogue(tmp_path: Path) -> None:
    found = load_catalog(made(tmp_path, PLAIN)).services
    assert found == {
        "payment": CatalogEntry(
            service="payment",
            owner="payments",
            runbooks=(("payment", "https://wiki.example.org/payment"),),
            slack="#pay-oncall",
            contact="payments@example.org",
            on_call=str(tmp_path / "payments.ics"),
        ),
        "checkout": CatalogEntry(service="checkout", owner="shop"),
    }


def test_entities_of_backstage(tmp_path: Path) -> None:
    found = load_catalog(made(tmp_path, BACKSTAGE)).services
    assert found == {
        "payment": CatalogEntry(
            service="payment",
            owner="Payments team",
            runbooks=(("When payments fail", "https://wiki.example.org/payment"),),
            links=(("Dashboard", "https://grafana.example.org/d/pay"),),
            slack="#pay",
            contact="payments@example.org",
            on_call="https://example.org/secret/payments.ics",
        ),
        "checkout": CatalogEntry(service="checkout", owner="ana"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "services: {payment: {owners: a}}",
            r"`services\.payment\.owners` is not known here; known: owner, runbook, slack, contact, on_call",
        ),
        ("services: {payment: {runbook: 'javascript:alert(1)'}}", r"`services\.payment\.runbook`: an address is like"),
        ("services: {payment: {on_call: 'ftp://x/y'}}", r"`services\.payment\.on_call`: a calendar is a file"),
        ("services: [payment]", "`services`: "),
        ("owner: a", "`services`: field required"),
        ("a: b: c", "is not valid YAML"),
        ("services: {}\n---\nservices: {}", "a plain catalogue is one document, not 2"),
        (BACKSTAGE.replace("owner: user:ana", "owners: ana"), r"document 4: `spec\.owner`: field required"),
        (BACKSTAGE.replace("aiops/service: payment\n", "aiops/service: checkout\n"), "two components for the service"),
        (BACKSTAGE.replace("https://wiki", "file://wiki"), r"document 1: `metadata\.links\.0\.url`: an address is"),
        (
            BACKSTAGE.replace("aiops/service: payment", "aiops/runbook-url: wiki"),
            r"`metadata\.annotations\.aiops/runbook-url`: an address is like",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadCatalog, match=said):
        load_catalog(made(tmp_path, text))


def test_the_command_checks_the_file_and_its_calendars(tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(main, ["catalog", "check", str(tmp_path / "catalog.yaml"), *arguments])
        return result.exit_code, result.stdout, result.stderr

    made(tmp_path, PLAIN)
    code, out, _ = run()
    assert code == 1
    assert f"payment: payments, 1 runbook, the calendar {tmp_path / 'payments.ics'} cannot be read" in out
    assert run("--offline")[0] == 0
    (tmp_path / "payments.ics").write_text(SHIFT)
    code, out, err = run()
    assert code == 0
    assert "on call now: Ana" in out
    assert "2 services, 0 with" in err
    made(tmp_path, "services: {payment: {owners: a}}")
    code, _, err = run("--json")
    assert code == 1
    assert "`services.payment.owners`" in err
