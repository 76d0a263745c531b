"""Regions over time become tracks, average paths and zones."""
