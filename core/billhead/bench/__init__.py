"""Measurements that go with the code: what the hot paths do on this machine, beside what the database could do."""
