"""What `make bench` measures: the tap against the sandbox, beside the usual ways to read the same API."""
