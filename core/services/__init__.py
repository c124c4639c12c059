"""Use cases: the only writers. Each command is one transaction."""
