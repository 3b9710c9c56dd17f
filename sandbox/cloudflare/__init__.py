"""Cloudflare, as in https://developers.cloudflare.com/api."""

from sandbox.cloudflare.api import Cloudflare

API = Cloudflare
