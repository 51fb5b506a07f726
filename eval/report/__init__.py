"""Graded samples in, a folder out: results.json, markdown tables, figures, and one HTML page that needs no network."""
