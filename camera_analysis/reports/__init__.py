"""One HTML page per camera-day, and the index of cameras."""
