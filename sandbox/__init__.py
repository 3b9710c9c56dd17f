"""Providers' APIs on loopback, each with a made-up account: the demo and the tests use it."""

from sandbox.faults import Fault
from sandbox.limits import Limit
from sandbox.messages import Request
from sandbox.providers import PROVIDERS
from sandbox.server import Sandbox

__all__ = ["PROVIDERS", "Fault", "Limit", "Request", "Sandbox"]
