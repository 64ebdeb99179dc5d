"""What the facts mean: pure functions from facts to answers, the same for every order in which the facts arrived.

Facts come from peers and may be odd (unknown parents, cycles, two of one number, ends without a beginning). Every rule
answers all the same and never raises: who wrote nonsense is a question for the guard, not for the reader.
"""
