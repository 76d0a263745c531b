"""What a person should see, in FiftyOne, and what was decided there."""
