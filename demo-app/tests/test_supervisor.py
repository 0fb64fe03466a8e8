"""The environment the children get."""

from pathlib import Path

from shop.supervisor import Plan, environment

PLAN = Plan(run_dir=Path("/run/shop"), port_offset=7, rate=8.0, seed=3, otlp_endpoint="http://sink:4318")


def test_preferences_give_way_and_identities_do_not_pass() -> None:
    outer = {
        "OTEL_METRIC_EXPORT_INTERVAL": "5000",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://elsewhere/v1/traces",
        "SHOP_INSTANCE": "me",
        "NO_PROXY": "example.org",
    }
    environ = environment(PLAN, outer)
    assert environ["OTEL_METRIC_EXPORT_INTERVAL"] == "5000"
    assert environ["OTEL_BSP_SCHEDULE_DELAY"] == "500"
    assert environ["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://sink:4318"
    assert environ["NO_PROXY"] == "example.org,127.0.0.1,localhost"
    assert (environ["SHOP_FAULTS"], environ["SHOP_PORT_OFFSET"], environ["SHOP_RUN_DIR"]) == ("on", "7", "/run/shop")
    assert not {"SHOP_INSTANCE", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} & environ.keys()


def test_without_an_endpoint_the_one_outside_holds() -> None:
    plan = Plan(PLAN.run_dir, 0, 8.0, 1, None)
    assert (
        environment(plan, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://mine"})["OTEL_EXPORTER_OTLP_ENDPOINT"]
        == "http://mine"
    )
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in environment(plan, {})
