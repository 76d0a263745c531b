"""What departs from the normal, what people say of it, how often alarms may be false."""
