"""What each privacy filter still gives away, measured."""
