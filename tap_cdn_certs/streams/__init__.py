"""What a stream is, and what the streams of a sync share."""
