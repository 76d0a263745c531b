"""People hidden in frames, videos and live streams, and shown again to who has the key."""
