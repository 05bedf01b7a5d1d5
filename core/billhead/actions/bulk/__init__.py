"""One decision about many subscriptions: asked with figures, done one by one, stopped, and taken back."""
