"""Jobs: the leased queue, the kinds of job, the schedule, and the two ways to run workers (embedded, Celery)."""
