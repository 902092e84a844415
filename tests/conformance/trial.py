"""One run of one program: what the program sees as ``t``, and the record it leaves."""

import contextlib
import os
import sys
import tempfile

from .graph_record import graph_form
from .values import error_form, value_form


class Trial:
    """The second argument of every program: ways to say what is to be compared."""

    def __init__(self, tf):
        self._tf = tf
        self.events = []
        self.graphs = []

    def show(self, *values, exact=False, ulp=None):
        """Compare `values`: fetched arrays, tensors, scopes, shapes, any nest of them.

        Parameters
        ----------
        exact : bool
            Floats must be equal bit for bit.
        ulp : int, optional
            Floats may differ by this many units in the last place.
        """
        for value in values:
            event = {"value": value_form(value, exact)}
            if exact:
                event["exact"] = True
            if ulp is not None:
                event["ulp"] = ulp
            self.events.append(event)

    @contextlib.contextmanager
    def error(self):
        """Compare the error that the block raises; that it raises none is compared, too."""
        try:
            yield
        except Exception as error:
            self.events.append(error_form(error))
        else:
            self.events.append({"error": None})

    @contextlib.contextmanager
    def guard(self):
        """As `error`, leaving no trace when the block raises nothing."""
        try:
            yield
        except Exception as error:
            self.events.append(error_form(error))

    def graph(self, graph):
        """Compare `graph`, too; the default graph at the end is always compared."""
        self.graphs.append(graph_form(graph))

    @contextlib.contextmanager
    def stderr(self):
        """Compare what the block writes to the process's standard error."""
        sys.stderr.flush()
        kept = os.dup(2)
        with tempfile.TemporaryFile() as file:
            os.dup2(file.fileno(), 2)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(kept, 2)
                os.close(kept)
                file.seek(0)
                self.events.append({"stderr": file.read().decode(errors="replace").splitlines()})

    def record(self, error=None):
        """The record, once the program has ended."""
        record = {"events": self.events}
        if error is not None:
            record["uncaught"] = error_form(error)
        self.graphs.append(graph_form(self._tf.get_default_graph()))
        record["graphs"] = self.graphs
        return record
