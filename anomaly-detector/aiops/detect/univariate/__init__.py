"""Any metric, judged online: nothing is known of it but its values and their times. Pure."""

from aiops.detect.univariate.model import Judgement, Model
from aiops.detect.univariate.tuning import Tuning

__all__ = ["Judgement", "Model", "Tuning"]
