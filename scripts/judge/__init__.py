"""Shared parts of the scripts that judge sstablefs by a real Cassandra."""
