"""`/simulate` of one service, without a process around it."""

import pytest
from flask.testing import FlaskClient

from shop.board import Board
from shop.client import Peers
from shop.control import control_app
from shop.settings import BadSetting, Settings


def client(environ: dict[str, str], service: str = "payment") -> FlaskClient:
    settings = Settings.read(environ, service)
    return control_app(settings, Board(service), Peers(service, settings.urls)).test_client()


@pytest.mark.parametrize("path", ["/simulate/fault", "/simulate/delay?endpoint=/payment&duration=1", "/simulate/x"])
def test_simulate_answers_only_when_faults_are_on(path: str) -> None:
    answer = client({}).post(path)
    assert answer.status_code == 404
    assert "SHOP_FAULTS=on" in answer.get_json()["error"]


def test_health_answers_always() -> None:
    answer = client({"SHOP_VERSION": "9.9"}).get("/health")
    assert answer.get_json() | {"pid": 0} == {"status": "ok", "service": "payment", "version": "9.9", "pid": 0}


def test_a_wrong_call_is_told_so_in_json() -> None:
    answer = client({"SHOP_FAULTS": "on"}).get("/simulate/clear")
    assert answer.status_code == 405
    assert "error" in answer.get_json()


def test_a_service_says_who_owns_the_endpoint_and_changes_nothing() -> None:
    payment = client({"SHOP_FAULTS": "on"})
    answer = payment.post("/simulate/delay?endpoint=/inventory&duration=5")
    assert answer.status_code == 400
    assert answer.get_json()["value"] == "/inventory"
    assert "inventory owns /inventory" in answer.get_json()["allowed"]
    assert payment.get("/simulate/status").get_json() == {"active": []}


def test_the_catalogue_is_served() -> None:
    assert client({"SHOP_FAULTS": "on"}).get("/simulate/catalogue").get_json()["scenarios"]


@pytest.mark.parametrize(
    ("environ", "service", "said"),
    [
        ({}, None, "SHOP_SERVICE is ''; it must be one of gateway, checkout, payment, inventory, catalog"),
        ({"SHOP_SERVICE": "moon"}, None, "SHOP_SERVICE is 'moon'"),
        ({"SHOP_PORT_OFFSET": "many"}, "payment", "SHOP_PORT_OFFSET is 'many'; it must be a whole number"),
        ({"SHOP_PORT_OFFSET": "65000"}, "payment", "puts payment on port 68012"),
        ({"SHOP_ERROR_RATE": "often"}, "payment", "SHOP_ERROR_RATE is 'often'; it must be a share between 0 and 1"),
        ({"SHOP_ERROR_RATE": "nan"}, "payment", "SHOP_ERROR_RATE is 'nan'"),
    ],
    ids=["none", "unknown service", "offset is a word", "offset too large", "rate is a word", "rate is no number"],
)
def test_a_bad_setting_is_named(environ: dict[str, str], service: str | None, said: str) -> None:
    with pytest.raises(BadSetting) as bad:
        Settings.read(environ, service)
    assert said in str(bad.value)


def test_peers_have_places_of_their_own() -> None:
    environ = {"SHOP_PORT_OFFSET": "100", "SHOP_PAYMENT_URL": "http://payment:3012/"}
    settings = Settings.read(environ, "checkout")
    assert settings.port == 3111
    assert settings.urls["payment"] == "http://payment:3012"
    assert settings.urls["inventory"] == "http://127.0.0.1:3113"
