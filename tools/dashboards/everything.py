"""All dashboards, and the files that are made of them."""

from pathlib import Path
from typing import Final

from tools.dashboards import laying, page
from tools.dashboards.anomalies import ANOMALIES
from tools.dashboards.incidents import INCIDENTS
from tools.dashboards.objectives import OBJECTIVES
from tools.dashboards.overview import OVERVIEW
from tools.dashboards.panels import Dashboard
from tools.dashboards.platform import PLATFORM
from tools.dashboards.service import SERVICE
from tools.dashboards.tracing import TRACING

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "grafana" / "dashboards"
PAGE: Final = ROOT / "docs" / "dashboards.md"
DASHBOARDS: Final[tuple[Dashboard, ...]] = (OVERVIEW, OBJECTIVES, SERVICE, TRACING, ANOMALIES, INCIDENTS, PLATFORM)


def file_of(one: Dashboard) -> Path:
    """Where Grafana reads a dashboard from."""
    return FOLDER / f"{one.uid.removeprefix('aiops-')}.json"


def files() -> dict[Path, str]:
    """The text of every file that is made. Raises Misfit, or NoPlace where the page has no place for the table."""
    made = {file_of(one): laying.text(one) for one in DASHBOARDS}
    return {**made, PAGE: page.with_tables(PAGE.read_text(encoding="utf-8"), DASHBOARDS)}


def left_over() -> list[Path]:
    """Files of dashboards that are no more."""
    return sorted(set(FOLDER.glob("*.json")) - {file_of(one) for one in DASHBOARDS})
