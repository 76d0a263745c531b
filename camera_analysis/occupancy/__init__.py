"""Regions of interest: how much of a person is inside, when, for how long."""
