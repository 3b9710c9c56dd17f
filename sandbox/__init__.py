"""Both providers' APIs on loopback, with a made-up inventory: the demo and the tests use it."""

from sandbox.faults import Fault
from sandbox.inventory import Certificate, Domain, DomainCertificate, Source
from sandbox.messages import Request
from sandbox.server import Sandbox

__all__ = ["Certificate", "Domain", "DomainCertificate", "Fault", "Request", "Sandbox", "Source"]
