"""CDNetworks, as in https://docs.cdnetworks.com/en/cdn/apidocs."""

from sandbox.cdnetworks.api import CDNetworks

API = CDNetworks
