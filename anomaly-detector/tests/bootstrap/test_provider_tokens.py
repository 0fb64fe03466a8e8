"""A program with a token of an OpenID provider, at the real server, which reads the bodies of nobody else."""

import time
from pathlib import Path

import requests
from made_up.issuer import issuing

from aiops.bootstrap import embedded
from aiops.config import Settings

from ..cli.test_main import free_port


def test_a_program_may_send_what_its_role_lets_it(tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("port", "otlp_http_port", "otlp_grpc_port")}
    with issuing(time.time) as issuer:
        oidc = {"issuer": issuer.url, "client_id": "a", "audience": "api", "roles": {"ci": "ingest"}}
        engine = embedded(Settings.model_validate({"data_dir": tmp_path, "oidc": oidc, **ports}))
        engine.serve()  # without what reads the keys beforehand
        url = f"http://127.0.0.1:{ports['port']}/aiops"

        def sent(token: str, path: str = "changes") -> int:
            body, head = {"kind": "flag", "service": "payment"}, {"Authorization": f"Bearer {token}"}
            return requests.post(f"{url}/{path}", json=body, headers=head, timeout=30).status_code

        try:
            mine = issuer.signed(issuer.claims("api", groups=["ci"]))
            assert sent(mine) == 201, "the body is read, although no key is known yet"
            assert sent(mine) == 201
            assert sent(mine, "analyze") == 403
            assert sent(issuer.signed(issuer.claims("another", groups=["ci"]))) == 401
            assert sent(issuer.signed(issuer.claims("api", groups=["ci"]), kid="unknown")) == 401
            rows, _ = engine.use_cases.audit.page(None, "ana-1", None, 9)
            assert {str(one.entry.by.how) for one in rows} == {"jwt"}
        finally:
            engine.stop()
