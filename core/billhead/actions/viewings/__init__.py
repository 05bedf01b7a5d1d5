"""What was watched: read from panels once each, turned into metered use, and looked at for shared lines."""
