"""One query in, one response out, timed to the first and the last token."""
