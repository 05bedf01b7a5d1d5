"""Notices to customers: queued in the business transaction, rendered and sent once by a job."""
