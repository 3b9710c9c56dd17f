"""Made-up answers for the parsers and for what makes the records."""
