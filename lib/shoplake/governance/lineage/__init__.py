"""Where values come from: read off Spark's plans, kept in `governance.lineage`, told as events."""
