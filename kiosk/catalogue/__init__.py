"""The words for every error code, and the only events that can be logged."""
