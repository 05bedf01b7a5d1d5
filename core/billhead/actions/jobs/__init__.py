"""Jobs, as a person deals with them: try again what was parked, call off what is not wanted any more."""
