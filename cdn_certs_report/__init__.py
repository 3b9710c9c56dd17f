"""A report of the dbt models: which certificate ends when, and which domains that takes down."""
