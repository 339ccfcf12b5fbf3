"""The nouns: frozen, without input or output, without arithmetic."""
