"""The rule plan, quarantine and the run ledger: what enters a table is judged once."""
