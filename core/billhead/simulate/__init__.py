"""Rehearsal: the business clock moved over a copy of the operator's data, day by day, through the code of real life.

* `copying` makes the copy (of SQLite or PostgreSQL, into a SQLite file); the original is only read.
* `outside` bars the way out: whatever would call the network or start a program is stopped.
* `pretend` stands in for gateways, panels and channels; `habits` says who pays, learnt from the operator's own history.
* `working` does the jobs of a day, `payers` are the customers who pay by hand, `days` lives from today to the end.
* `counting` reads from the copy what came of each day, `proofs` what must hold at the end.
"""
