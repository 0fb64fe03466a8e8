"""Any metric, judged online: nothing is known of it but its values and their times. Pure."""

from aiops.detect.online.model import Judgement, Model, Tuning

__all__ = ["Judgement", "Model", "Tuning"]
