"""The embedded default: a small model and its arithmetic, built from a seed, that trains on a laptop CPU."""
