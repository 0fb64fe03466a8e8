"""The table of products."""

import random
from pathlib import Path

from shop.products import CATEGORIES, Products


def test_a_query_can_be_stalled_and_answers_the_same(tmp_path: Path) -> None:
    products = Products.create(tmp_path / "products.sqlite", random.Random(1))
    stalls: list[str] = []
    for category in CATEGORIES:
        listed = products.in_category(category)
        assert listed
        assert products.in_category(category, lambda: stalls.append("once")) == listed
    assert stalls == ["once"] * len(CATEGORIES)


def test_a_second_process_of_the_seed_makes_the_same_table(tmp_path: Path) -> None:
    first = Products.create(tmp_path / "products.sqlite", random.Random(1))
    listed = first.in_category("tables")
    Products.create(tmp_path / "products.sqlite", random.Random(1))
    assert first.in_category("tables") == listed
    assert [path.name for path in tmp_path.iterdir()] == ["products.sqlite"]
