"""Sources, file readers and the simulated shop: the shop's data into bronze."""
