"""Service level objectives for language-model applications, with a gate that knows its own error rate."""
