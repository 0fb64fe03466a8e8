"""Requests made of the OpenAPI document, valid and not: each is answered as the document says, and never by a 500."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from examples import share
from hypothesis import HealthCheck, assume, given, settings
from hypothesis.errors import Unsatisfiable
from made_up.world import build
from schemathesis import APIOperation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from aiops.store import SqlIncidents, open_store


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenApiSchema]:
    folder = tmp_path_factory.mktemp("engine")
    store = SqlIncidents(open_store(f"sqlite:///{folder / 'incidents.sqlite'}"))
    app = build(folder, store).client().application
    found = schemathesis.openapi.from_wsgi("/aiops/openapi.json", app)
    refusals = found.config.checks.negative_data_rejection
    refusals.expected_statuses = [*refusals.expected_statuses, "413"]  # a body beyond its limit
    yield found
    store.close()


PARTS = 4
"""Parts of all operations, so that no test takes minutes on a busy machine."""
LENIENT = frozenset({"POST /aiops/alerts"})
"""An error in an alert costs only its smallest part: such a body is taken, and the answer lists what was mended."""


def is_written(value: object, mode: GenerationMode) -> bool:
    """Whether a parameter of the query is written as what it is: an object, an empty list, and a list of one where no
    list is allowed become something else, which may be right."""
    if isinstance(value, list):
        several = len(value) > 1 or (value and mode is GenerationMode.POSITIVE)
        return bool(several) and not any(isinstance(one, dict | list) for one in value)
    return not isinstance(value, dict)


def answers(operation: "APIOperation[Any, Any, Any, Any]", mode: GenerationMode) -> int:
    """Make requests for one operation, and check each answer; returns how many."""
    count = 0
    # A schema cannot say that `since` must be before `until`, so valid requests may be refused, with a reason.
    left_out = [positive_data_acceptance, *([negative_data_rejection] if operation.label in LENIENT else [])]

    @settings(share(0.2), suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def answered(case: schemathesis.Case) -> None:
        nonlocal count
        assume(all(is_written(value, mode) for value in (case.query or {}).values()))
        count += 1
        case.call_and_validate(excluded_checks=left_out)

    with suppress(Unsatisfiable):  # an operation without parameters, of which nothing can be wrong
        answered()
    return count


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: str(mode.value))
def test_every_answer_is_as_described(described: OpenApiSchema, mode: GenerationMode, part: int) -> None:
    operations = [found.ok() for found in described.get_all_operations()]
    assert sum(answers(one, mode) for one in operations[part::PARTS]) >= len(operations) // PARTS
