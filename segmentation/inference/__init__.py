"""Frames to probabilities by the fastest right way, and the steps after the network."""
