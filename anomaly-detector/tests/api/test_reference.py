"""The page of the API says all that its description says."""

import html
import re

from flask.testing import FlaskClient
from made_up.world import World

HTML = {"Accept": "text/html"}


def test_it_has_every_operation_parameter_and_schema(client: FlaskClient) -> None:
    document = client.get("/aiops/openapi.json").json
    assert document is not None
    page = client.get("/api", headers=HTML).text
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    articles = dict(re.findall(r'<article class="panel" id="([^"]+)">(.*?)</article>', page, re.DOTALL))
    operations = [(path, one, spec) for path, methods in document["paths"].items() for one, spec in methods.items()]
    assert len(articles) == len(operations) > 20
    for path, method, spec in operations:
        anchor = f"{method}-{re.sub(r'[^a-z0-9_]+', '-', path.lower()).strip('-')}"
        text = html.unescape(re.sub(r"<[^>]+>", "", articles[anchor]))
        assert f"{method.upper()} {path}" in text
        assert spec["summary"].replace("`", "").strip(".") in text
        for one in spec.get("parameters", ()):
            assert f"<code>{one['name']}</code>" in articles[anchor]
            assert one.get("description"), f"{path}: {one['name']} has no meaning"
    fields = [name for one in document["components"]["schemas"].values() for name in one.get("properties", {})]
    shown = set(re.findall(r"<b>([^<]+)</b>", page)) | set(re.findall(r"<code>([^<]+)</code>", page))
    unused = {"ValidationErrorModel"}
    assert set(fields) <= shown | unused


def test_it_is_in_the_navigation_and_links_to_the_document_itself(client: FlaskClient) -> None:
    assert '<a href="/api">API</a>' in client.get("/").text
    page = client.get("/api", headers=HTML).text
    assert 'href="/aiops/openapi.json"' in page


def test_examples_have_the_address_of_the_engine_and_a_token_where_one_is_needed(world: World) -> None:
    open_ = world.client().get("/api", headers=HTML).text
    assert "curl http://127.0.0.1:8000/aiops/incidents<" in open_
    assert "Needs the role" not in open_
    guarded = world.client(public_url="https://aiops.example.org", tokens={"ana": "a-token-that-is-long-enough"})
    page = html.unescape(guarded.get("/api", headers={**HTML, "Host": "aiops.example.org"}).text)
    assert 'curl https://aiops.example.org/aiops/incidents -H "Authorization: Bearer $AIOPS_TOKEN"<' in page
    assert "Needs the role <strong>responder</strong>" in page
    assert 'resolve -H "Authorization: Bearer $AIOPS_TOKEN"' in page
    assert "a-token-that-is-long-enough" not in page
