"""Exact and near duplicates, within a source and across sources."""
