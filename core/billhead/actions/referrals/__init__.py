"""Refer a friend: a link of one's own, who came by it, and the credit that both get for it."""
