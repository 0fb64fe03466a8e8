"""Which files objectives are read from."""

from pathlib import Path

from aiops.bootstrap.objectives import load_objectives

SHOP = Path(__file__).parents[3] / "demo-app" / "shop" / "objectives.yaml"


def test_a_folder_as_kubernetes_mounts_it_names_every_objective_once(tmp_path: Path) -> None:
    kept = tmp_path / "..2026_11_22_06_00_00.1"
    kept.mkdir()
    (kept / "shop.yaml").write_bytes(SHOP.read_bytes())
    (tmp_path / "..data").symlink_to(kept.name)
    (tmp_path / "shop.yaml").symlink_to("..data/shop.yaml")
    once = load_objectives([SHOP])
    assert not once.problems
    mounted = load_objectives([tmp_path])
    assert not mounted.problems
    assert len(mounted.slos) == len(once.slos)


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    assert not load_objectives([tmp_path]).slos
