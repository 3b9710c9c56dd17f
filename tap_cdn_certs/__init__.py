"""A Singer tap for the TLS certificates of CDN accounts."""
