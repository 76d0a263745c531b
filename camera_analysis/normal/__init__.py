"""Counts that add up, the learned normal of a window, and whether the scene is still the same."""
