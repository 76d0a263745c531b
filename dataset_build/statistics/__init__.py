"""The tables of the dataset, and their pictures."""
