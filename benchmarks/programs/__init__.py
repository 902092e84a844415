"""The timed programs: ordinary TF1 code that takes the library as `tf`, the same text for every library.

A program prepares what it needs in the default graph and returns a function without arguments: the part that is timed.
`n` is how often the thing in question happens in one call of that function. Its docstring is its name in the table.

These files also run under the Python 3.7 of TensorFlow 1.15.
"""
