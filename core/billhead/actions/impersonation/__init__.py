"""Staff look into somebody's area as they see it: for a reason, for half an hour, written down."""
