"""What comes nearest to some of the programs in libraries that are not TensorFlow: a file a library.

Their programs are written differently, so these rows give an idea of the cost, not a comparison of equals. A program is
``program(n)`` and returns the function to time, or to ask for a value, as in ``benchmarks.programs``, and stands in
``COLUMNS`` under the name of the TF1 program: column -> (what people call it, name -> program). A library that builds
graphs in several ways has several columns. ``VERSION`` says which one it is.
"""
