"""Support: tickets by the area and by mail, who answers them, disputes about a bill, and what customers read."""
