"""Compiled twins of the hot parts of the library, in Cython.

They find and measure, and know neither names nor units. Each has a pure-Python reference, with which it agrees in
every result; ``plmsproto._implementation`` chooses between the two.
"""
