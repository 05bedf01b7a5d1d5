"""Staff: who works here, under which role, and what a role may do."""
