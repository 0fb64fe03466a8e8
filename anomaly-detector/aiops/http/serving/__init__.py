"""HTTP for pages and for OTLP alike: one server, with limits before cost, and who may ask it by which name."""

from aiops.http.serving.connection import BUSY, Door
from aiops.http.serving.names import Names
from aiops.http.serving.server import HttpServer

__all__ = ["BUSY", "Door", "HttpServer", "Names"]
