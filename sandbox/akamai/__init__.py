"""Akamai, as in https://techdocs.akamai.com/cps/reference/api."""

from sandbox.akamai.api import Akamai

API = Akamai
