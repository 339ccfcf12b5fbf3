"""A scorecard in, text out."""
