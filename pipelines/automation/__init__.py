"""What runs by itself: jobs, schedules, sensors, and what they ask the store."""
