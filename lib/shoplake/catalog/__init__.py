"""A lake as a web site on disk: tables, rules and their history, lineage, models, who sees what."""
