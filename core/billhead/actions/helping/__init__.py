"""What customers read by themselves: help articles, announcements, how the network is."""
