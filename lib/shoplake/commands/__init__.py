"""The `shoplake` commands that are not steps: one module a command, each with `add(commands)`."""
