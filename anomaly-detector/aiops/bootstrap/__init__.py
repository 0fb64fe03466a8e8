"""The only package that chooses concrete classes: settings in, a running application out."""

from aiops.bootstrap.application import Application, CannotStart, embedded, on_stack

__all__ = ["Application", "CannotStart", "embedded", "on_stack"]
