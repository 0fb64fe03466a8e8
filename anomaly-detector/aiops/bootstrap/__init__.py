"""The only package that chooses concrete classes: settings in, a running application out."""

from aiops.bootstrap.application import Application, embedded, on_stack
from aiops.bootstrap.assembly import CannotStart

__all__ = ["Application", "CannotStart", "embedded", "on_stack"]
