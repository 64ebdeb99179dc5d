"""Every intention a person can have, once: neutral functions that the command line, the API and the window call.

`table` lists them and says how to add one; the others hold the functions, a module a group of words.
"""
