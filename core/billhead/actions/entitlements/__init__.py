"""What is bought once on a subscription, paid now or with the next invoice; given back when an event is called off."""
