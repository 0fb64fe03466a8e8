"""Pseudonyms keep what an engine looks at: form, equality, kinds of words, and what protocols say."""

import re
from typing import Any

import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.explain.blame import REFUSED, TIMED_OUT
from aiops.sources.common import routes
from aiops.sources.files.pseudonyms import Pseudonyms

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("POST /payment", r"POST /[a-z]{8}"),
        ("/orders/{order_id}/items", r"/[a-z]+/\{[a-z]+\}/[a-z]+"),
        ("connect ECONNREFUSED 10.1.22.3:8080", r"[a-z]+ ECONNREFUSED \d\d\.\d\.\d\d\.\d:\d{4}"),
        ("PaymentTimeoutError", r"[a-z]+Timeout"),
        ("context deadline exceeded", r"context deadline [a-z]+"),
        ("http://pay.prod:8080/api/v1/7?x=1", r"http://[a-z]+\.[a-z]+:\d{4}/[a-z]+/v1/\d\?[a-z]+=\d"),
        ("UNAVAILABLE", "UNAVAILABLE"),
    ],
)
def test_the_form_and_the_words_of_protocols_stay(text: str, form: str) -> None:
    assert re.fullmatch(form, Pseudonyms(KEY).text(text))


def test_one_word_is_the_same_everywhere_and_another_with_another_key() -> None:
    names = Pseudonyms(KEY)
    service = names.text("payment")
    assert names.text("http://payment:80/payment").count(service) == 2
    assert Pseudonyms(b"j" * 32).text("payment") != service


words = st.text("abcdefgh019_", min_size=1, max_size=5)


@given(st.lists(words, max_size=60))
@share(1)
def test_different_words_stay_different_and_paths_give_routes_of_the_same_form(found: list[str]) -> None:
    names = Pseudonyms(KEY)
    made = {word: names.text(word) for word in found}
    assert len(set(made.values())) == len(made)
    for word, other in made.items():
        assert (routes.of_path(f"/{word}") == "/{}") == (routes.of_path(f"/{other}") == "/{}")
        said = [any(piece in text.lower() for piece in (*TIMED_OUT, *REFUSED)) for text in (word, other)]
        assert said[0] == said[1]


def test_attributes_by_name_are_kept_and_the_others_counted() -> None:
    def pair(key: str, value: str) -> dict[str, Any]:
        return {"key": key, "value": {"stringValue": value}}

    span = {
        "traceId": "ab",
        "name": "GET /buy",
        "attributes": [pair("http.request.method", "GET"), pair("tenant", "acme"), pair("plan", "gold")],
        "status": {"code": 2, "message": "no funds"},
        "events": [{"name": "exception", "attributes": [pair("exception.message", "no funds")]}],
    }
    names = Pseudonyms(KEY, frozenset(["plan"]))
    made = names.export({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})["resourceSpans"][0]["scopeSpans"][0]
    [found] = made["spans"]
    assert (found["traceId"], found["events"][0]["name"]) == ("ab", "exception")
    assert found["attributes"][0] == pair("http.request.method", "GET")
    assert found["attributes"][2] == pair("plan", "gold")
    assert found["attributes"][1]["value"]["stringValue"] != "acme"
    message = found["status"]["message"]
    assert found["events"][0]["attributes"] == [pair("exception.message", message)]
    assert dict(names.replaced) == {
        "names of spans": 1,
        "tenant": 1,
        "messages of spans": 1,
        "exception.message": 1,
    }


def test_objectives_keep_their_grammar() -> None:
    names = Pseudonyms(KEY)
    made = names.objective(
        {
            "kind": "SLO",
            "metadata": {"name": "checkout"},
            "spec": {"query": 'sum(rate(hits{job="checkout", code!~"5.."}[{{.window}}]))', "type": "otel.http.server"},
        }
    )
    name = names.text("checkout")
    assert made["metadata"] == {"name": name}
    assert made["spec"]["query"].startswith(f'sum(rate(hits{{job="{name}", code!~"')
    assert made["spec"]["type"] == "otel.http.server"
