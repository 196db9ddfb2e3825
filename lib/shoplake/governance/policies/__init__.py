"""Who may see what: `conf/policies.yml`, and what it compiles to on each engine."""
