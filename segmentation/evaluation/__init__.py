"""A model against masks: scores with intervals; and masks against a model."""
