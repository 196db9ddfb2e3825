"""Watching the tables: what is late, odd or broken, told once to those who should know."""
