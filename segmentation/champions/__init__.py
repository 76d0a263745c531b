"""Models side by side, and the one that is promoted."""
