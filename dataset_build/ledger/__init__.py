"""Every image with its one fate: merged, cleaned, split."""
