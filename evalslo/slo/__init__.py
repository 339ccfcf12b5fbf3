"""The arithmetic of objectives: observe, estimate, gate."""
