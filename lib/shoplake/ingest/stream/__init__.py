"""Kafka topics into bronze, under the mapping and contracts of the shop's files."""
