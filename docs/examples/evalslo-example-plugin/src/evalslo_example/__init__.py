"""A scorer and an endpoint for evalslo."""
