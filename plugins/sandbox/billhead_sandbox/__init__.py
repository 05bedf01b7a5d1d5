"""A sandbox for Billhead: panels and a card processor to practise on, without a customer or a cent at stake."""
