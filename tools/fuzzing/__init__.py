"""Fuzzing of every parser: a result or an error of ours, whatever comes in."""
