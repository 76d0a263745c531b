"""Samples to batches, losses, and the loop that trains and can be resumed."""
