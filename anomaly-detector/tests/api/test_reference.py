"""The page of the API says all that its description says."""

import html
import re

from flask.testing import FlaskClient
from made_up.world import World

HTML = {"Accept": "text/html"}


def every_page(client: FlaskClient, **headers: str) -> dict[str, str]:
    """The list of the API, and the pages that it leads to, by their paths."""
    index = client.get("/api", headers={**HTML, **headers}).text
    paths = dict.fromkeys(re.findall(r'href="(/api/[^"#]+)"', index))
    return {"/api": index, **{path: client.get(path, headers={**HTML, **headers}).text for path in paths}}


def test_it_has_every_operation_parameter_and_schema(client: FlaskClient) -> None:
    document = client.get("/aiops/openapi.json").json
    assert document is not None
    pages = every_page(client)
    ids = {path: re.findall(r'\bid="([^"]+)"', page) for path, page in pages.items()}
    for path, page in pages.items():
        assert len(ids[path]) == len(set(ids[path]))
        for to, anchor in re.findall(r'href="(/api[^"#]*)?#([^"]+)"', page):
            assert anchor in ids[to or path], (path, to, anchor)
    page = "".join(pages.values())
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
    open_ = "".join(every_page(world.client()).values())
    assert "curl http://127.0.0.1:8000/aiops/incidents<" in open_
    assert "Needs the role" not in open_
    guarded = world.client(public_url="https://aiops.example.org", tokens={"ana": "a-token-that-is-long-enough"})
    page = html.unescape("".join(every_page(guarded, Host="aiops.example.org").values()))
    assert 'curl https://aiops.example.org/aiops/incidents -H "Authorization: Bearer $AIOPS_TOKEN"<' in page
    assert "Needs the role <strong>responder</strong>" in page
    assert 'resolve -H "Authorization: Bearer $AIOPS_TOKEN"' in page
    assert "a-token-that-is-long-enough" not in page


def test_what_is_no_resource_is_not_found(client: FlaskClient) -> None:
    answer = client.get("/api/nothing", headers=HTML)
    assert answer.status_code == 404
    assert "The API has no nothing; it has " in html.unescape(answer.text)
