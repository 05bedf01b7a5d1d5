"""What is held about a customer: what they agreed to, what they are given of it, and how it ends."""
