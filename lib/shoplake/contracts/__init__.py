"""A contract file becomes a typed Contract, and what a Contract compiles to."""
