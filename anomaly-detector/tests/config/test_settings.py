"""Settings: every mistake is one sentence that names the key."""

from pathlib import Path

import pytest

from aiops.config import ConfigError, Settings, load_settings
from aiops.model import Role


def test_defaults_are_open_only_on_loopback() -> None:
    settings = load_settings({})
    ports = (settings.port, settings.otlp_grpc_port, settings.otlp_http_port)
    assert (settings.host, ports) == ("127.0.0.1", (8000, 4317, 4318))
    assert settings.data_dir.is_absolute()


def test_environment_beats_file_and_options_beat_both(tmp_path: Path) -> None:
    file = tmp_path / "aiops.yaml"
    file.write_text("port: 1\notlp_http_port: 2\ncycle_seconds: 5\n")
    settings = load_settings({"AIOPS_PORT": "3", "AIOPS_OTLP_HTTP_PORT": "4"}, file, {"port": 5, "log_level": None})
    assert (settings.port, settings.otlp_http_port, settings.cycle_seconds) == (5, 4, 5.0)


@pytest.mark.parametrize(
    ("file", "env", "said"),
    [
        pytest.param("prot: 1", {}, r"unknown key `prot` in .*aiops\.yaml; did you mean `port`", id="typo-in-file"),
        pytest.param("", {"AIOPS_PROT": "1"}, r"`prot` in the environment \(AIOPS_PROT\)", id="typo-in-env"),
        pytest.param("port: 99999", {}, r"`port`: input should be less than or equal to 65535, not 99999", id="port"),
        pytest.param("prometheus_url: localhost:9090", {}, r"`prometheus_url`: an address is like http://", id="url"),
        pytest.param(
            "", {"AIOPS_TEMPO_URL": "tempo"}, r"`tempo_url`: an address is like http://.* not 'tempo'", id="no-url"
        ),
        pytest.param("cycle_seconds: 0", {}, r"`cycle_seconds`: input should be greater than 0, not 0", id="no-cycle"),
        pytest.param("log_level: loud", {}, r"`log_level`: .* not 'loud'", id="level"),
        pytest.param("port: [", {}, r"aiops\.yaml is not valid YAML: .*line 1", id="not-yaml"),
        pytest.param("- port", {}, r"must hold keys and values", id="a-list"),
        pytest.param("host: 0.0.0.0", {}, r"host=0\.0\.0\.0 is reachable .* no token is set", id="exposed"),
        pytest.param("otlp_host: 0.0.0.0", {}, r"otlp_host=0\.0\.0\.0 is reachable", id="otlp-exposed"),
        pytest.param("alertmanager_url: 'http://a:9093, b'", {}, r"`alertmanager_url`: each address", id="no-address"),
        pytest.param(
            "prometheus: {ulr: 'http://a'}", {}, r"`prometheus_ulr` in .*did you mean `prometheus_url`", id="in"
        ),
        pytest.param("prometheus: http://a:1", {}, r"`prometheus` in .*aiops\.yaml must hold keys", id="no-map"),
        pytest.param("tempo: {reads: 0}", {}, r"`tempo_reads`: input should be greater", id="in-a-store"),
        pytest.param("", {"AIOPS_TOKENS": "abc"}, r"`tokens`: AIOPS_TOKENS is not a JSON map", id="tokens"),
        pytest.param("", {"AIOPS_TOKEN_ROLES": "x"}, r"`token_roles`: AIOPS_TOKEN_ROLES is not a JSON map", id="roles"),
        pytest.param("token_roles: {ada: viewer}", {}, r"no token of the name 'ada'", id="role-of-nobody"),
        pytest.param("token_roles: {ada: boss}", {}, r"`token_roles.ada`: input should be 'ingest'", id="no-role"),
        pytest.param("oidc_issuer: http://a.b", {}, r"`oidc_issuer`: an issuer is like https://", id="plain-issuer"),
        pytest.param("oidc_issuer: https://a.b", {}, r"oidc_client_id is not; register", id="no-client"),
        pytest.param(
            "oidc: {issuer: https://a.b, client_id: c}", {}, r"nobody gets a role; set oidc_roles", id="nobody-comes-in"
        ),
        pytest.param(
            "oidc: {issuer: https://a.b, client_id: c, default_role: admin, scopes: profile}",
            {},
            r"oidc_scopes must contain openid",
            id="no-openid",
        ),
        pytest.param(
            "oidc: {issuer: https://a.b, client_id: c, default_role: admin}",
            {"AIOPS_HOST": "0.0.0.0"},
            r"public_url is not; the provider sends people back",
            id="no-way-back",
        ),
        pytest.param("", {"AIOPS_OIDC_ROLES": "sre"}, r"`oidc_roles`: AIOPS_OIDC_ROLES is not a JSON map", id="groups"),
        pytest.param("", {"AIOPS_OIDC_ROLES": '{"sre": "boss"}'}, r"`oidc_roles_sre`: input should be", id="boss"),
        pytest.param("tls_cert_file: a", {}, r"tls_cert_file and tls_key_file go together", id="no-key"),
        pytest.param("tls_client_ca_file: a", {}, r"tls_client_ca_file needs tls_cert_file", id="no-tls"),
        pytest.param("tls_serves: some", {}, r"`tls_serves`: input should be 'all'", id="serves"),
        pytest.param("limit_requests: -1", {}, r"`limit_requests`: input should be greater", id="limit"),
        pytest.param("", {"AIOPS_TOKEN": "short"}, r"at least 16 characters", id="weak-token"),
        pytest.param("", {"AIOPS_TOKEN_FILE": "/nowhere"}, r"AIOPS_TOKEN_FILE /nowhere", id="no-token-file"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, file: str, env: dict[str, str], said: str) -> None:
    path = tmp_path / "aiops.yaml"
    path.write_text(file or "{}")
    with pytest.raises(ConfigError, match=said) as error:
        load_settings(env, path)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read the configuration .*: No such file"):
        load_settings({"AIOPS_CONFIG": str(tmp_path / "none.yaml")})


def test_tokens_have_names(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("ada: 0123456789abcdef\nci: fedcba9876543210\n\n")
    settings = load_settings({"AIOPS_TOKEN_FILE": str(file), "AIOPS_TOKEN": "x" * 16, "AIOPS_HOST": "0.0.0.0"})
    assert settings.tokens == {"ada": "0123456789abcdef", "ci": "fedcba9876543210", "token": "x" * 16}


def test_a_line_of_the_token_file_may_name_a_role(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("ada: 0123456789abcdef\ngrafana:viewer: fedcba9876543210\nci: ingest:0123:56789abcdef0\n")
    settings = load_settings({"AIOPS_TOKEN_FILE": str(file), "AIOPS_HOST": "0.0.0.0"})
    assert settings.holders == {"ada": Role.ADMIN, "grafana": Role.VIEWER, "ci": Role.INGEST}
    assert settings.tokens["ci"] == "0123:56789abcdef0"
    assert settings.sending_tokens == {"ada": "0123456789abcdef", "ci": "0123:56789abcdef0"}


def test_a_misspelt_role_is_no_part_of_a_token(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("\nada: viewr: 0123456789abcdef\n")
    with pytest.raises(ConfigError, match=r"line 2 of AIOPS_TOKEN_FILE .* one of ingest, viewer, .* not 'viewr'"):
        load_settings({"AIOPS_TOKEN_FILE": str(file)})


def test_where_all_tokens_are_for_reading_nobody_may_send() -> None:
    given = {"AIOPS_TOKEN": "0123456789abcdef", "AIOPS_TOKEN_ROLES": '{"token": "viewer"}'}
    assert load_settings(given).sending_tokens == {}
    assert load_settings({}).sending_tokens is None


def test_every_alertmanager_is_named_once() -> None:
    settings = load_settings({"AIOPS_ALERTMANAGER_URL": "http://a:9093, https://b/am/,http://a:9093,"})
    assert settings.alertmanagers == ("http://a:9093", "https://b/am/")
    assert load_settings({}).alertmanagers == ()


def test_every_key_says_what_it_means() -> None:
    assert all(Settings.keys().values())
    assert "None" not in " ".join(Settings.keys().values())


def test_a_store_may_be_an_empty_map(tmp_path: Path) -> None:
    file = tmp_path / "aiops.yaml"
    file.write_text("tempo: {}\n")
    assert load_settings({}, file).tempo.url == ""


def test_a_store_may_be_a_map_in_the_file_and_flat_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "aiops.yaml"
    file.write_text("prometheus: {url: 'http://file:1', tenant: ada}\ntempo_url: http://flat:1\n")
    settings = load_settings({"AIOPS_PROMETHEUS_URL": "http://environment:1", "AIOPS_PROMETHEUS_CA_FILE": "/ca"}, file)
    assert (settings.prometheus.url, settings.prometheus.tenant) == ("http://environment:1", "ada")
    assert (settings.prometheus.ca_file, settings.tempo.url) == ("/ca", "http://flat:1")
    assert load_settings({}, file, {"prometheus_url": "http://option:1"}).prometheus.url == "http://option:1"


def test_a_secret_in_a_group_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as error:
        load_settings({"AIOPS_OIDC_ISSUER": "https://a.b", "AIOPS_OIDC_CLIENT_SECRET": "s3cr3t"})
    assert "s3cr3t" not in str(error.value)


def test_where_senders_show_a_certificate_they_need_no_token() -> None:
    tls = {"cert_file": "a", "key_file": "b", "client_ca_file": "c"}
    assert load_settings({}, overrides={"otlp_host": "0.0.0.0", "tls": tls}).tls.on_otlp
    with pytest.raises(ConfigError, match="otlp_host"):
        load_settings({}, overrides={"otlp_host": "0.0.0.0"})


def test_with_a_provider_nothing_is_open() -> None:
    given = {"AIOPS_OIDC_ISSUER": "https://a.b", "AIOPS_OIDC_CLIENT_ID": "c", "AIOPS_OIDC_DEFAULT_ROLE": "viewer"}
    settings = load_settings(given)
    assert (settings.is_open, settings.sending_tokens, settings.oidc.title) == (False, {}, "a.b")
