"""What the page of one incident draws: series over time, who is hit, the way of the calls, budgets that were spent."""

from aiops.service.picture.reading import STEPS, PictureService, shown_window
from aiops.service.picture.shapes import IncidentPicture, JudgedHistory, UserImpact, WatchedSlo

__all__ = ["STEPS", "IncidentPicture", "JudgedHistory", "PictureService", "UserImpact", "WatchedSlo", "shown_window"]
