"""A second implementation of the rules in README.md, to check the test vectors with."""
