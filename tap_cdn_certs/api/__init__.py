"""Asking a provider: within its limits, again where that may help, and in words for people where it fails."""
