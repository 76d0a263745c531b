"""Published footage with truth, and scores against it."""
