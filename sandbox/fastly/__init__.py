"""Fastly TLS, as in https://www.fastly.com/documentation/reference/api/tls/."""

from sandbox.fastly.api import Fastly

API = Fastly
