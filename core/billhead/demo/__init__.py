"""The demo operator: NorthCable on two sandbox panels, to look at (`make run`) or put through months."""
