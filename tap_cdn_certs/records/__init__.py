"""From a provider's values to a record's."""
