"""Move the lines of one panel to another: each gets a place there, is told when that is proven, and can come back."""
