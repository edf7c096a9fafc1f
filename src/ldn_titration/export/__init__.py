"""A plan for machines: JSON and CSV."""
