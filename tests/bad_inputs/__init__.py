"""Bad inputs: one adapter an area, each with a check for every case of the corpus.

An adapter is a module named after its area. Its ``CASES`` says for each case id what checks
it; its ``NOT_BUILT`` says of a case that nothing here could run why that is so.
"""
