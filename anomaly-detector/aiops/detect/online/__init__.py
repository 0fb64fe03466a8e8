"""Any metric, judged online: nothing is known of it but its values and their times. Pure."""

from aiops.detect.online.model import Judgement, Model
from aiops.detect.online.tuning import Tuning

__all__ = ["Judgement", "Model", "Tuning"]
