"""Is all well? One list of checks, for `billhead doctor`, the health page and the steps of setting up."""
