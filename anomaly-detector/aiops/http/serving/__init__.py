"""The HTTP server of pages, API and OTLP: limits that apply before any cost, and the names under which it answers."""

from aiops.http.serving.connection import BUSY, Door
from aiops.http.serving.names import Names
from aiops.http.serving.server import Capacity, HttpServer
from aiops.http.serving.tls import Certificates, NoCertificate, TlsFiles

__all__ = ["BUSY", "Capacity", "Certificates", "Door", "HttpServer", "Names", "NoCertificate", "TlsFiles"]
