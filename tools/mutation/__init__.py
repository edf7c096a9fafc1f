"""Mutation testing: one small change of the code at a time; some test must fail.

A kept library mutates bodies of undecorated functions only. A quarter of our functions are
decorated (validators, properties, caches), and limits stand in fields and constants, so the
changes are made here, on the syntax tree.
"""
