"""Functions that came with a GraphDef: kept as messages, built when something calls them."""

from pyscope import _core as core
from pyscope import protos
from pyscope.func_graph import FuncGraph


class ImportedFunction:
    """A function as graphs list it, see `func_graph.Function`, made from the bytes of a FunctionDef.

    `graph`, `inputs`, `outputs` and `control_outputs` are built together when one of them is first asked for.
    """

    def __init__(self, data, outer_graph, library):
        self._data = data
        self._outer_graph = outer_graph
        self._library = library
        self.name = protos.FunctionDef.FromString(data).signature.name

    def to_bytes(self):
        """This function as the bytes of a FunctionDef."""
        return self._data

    def to_function_def(self):
        """This function as a FunctionDef message."""
        return protos.FunctionDef.FromString(self._data)

    def get_operations(self):
        """The operations of the body."""
        return self.graph.get_operations()

    def __getattr__(self, name):
        if name not in ("graph", "inputs", "outputs", "control_outputs"):
            raise AttributeError(f"'ImportedFunction' object has no attribute '{name}'")
        self._build()
        return getattr(self, name)

    def _build(self):
        definition = self.to_function_def()
        with self._outer_graph.as_default():
            graph = FuncGraph(self.name, collections={})
        graph._functions = self._outer_graph._functions
        message, places = _body(definition)
        known_names = core.name_count(graph)
        nodes = core.GraphImport(graph, message.SerializeToString(), "", {}, known_names)
        nodes.build()
        nodes.commit()

        def tensor(text):
            name, index = places(text)
            return graph._operation_at(nodes.node(name)).outputs[index]

        graph.inputs = [tensor(arg.name) for arg in definition.signature.input_arg]
        graph.outputs = [tensor(definition.ret[arg.name]) for arg in definition.signature.output_arg]
        graph.control_outputs = [graph._operation_at(nodes.node(definition.control_ret[name]))
                                 for name in definition.signature.control_output]
        graph.structured_outputs = list(graph.outputs)
        for node, device in nodes.devices:
            graph._operation_at(node)._set_device(device)
        self.graph = graph
        self.inputs = list(graph.inputs)
        self.outputs = list(graph.outputs)
        self.control_outputs = list(graph.control_outputs)


def _body(definition):
    """The body as a GraphDef with a Placeholder for each argument, and what finds a tensor's place by its name."""
    types = {node.name: core.op_type(node.op) for node in definition.node_def}
    attrs = {node.name: node.attr for node in definition.node_def}
    arguments = {}
    message = protos.GraphDef()
    for i, arg in enumerate(definition.signature.input_arg):
        if arg.number_attr or arg.type_list_attr or arg.type_attr:
            raise NotImplementedError(f"function '{definition.signature.name}' with an argument whose type depends on "
                                      "the call: PyScope cannot run it")
        arguments[arg.name] = i
        node = message.node.add(name=arg.name, op="Placeholder")
        node.attr["dtype"].type = arg.type
        for key, value in definition.arg_attr[i].attr.items():
            if key == "_output_shapes" and value.list.shape:
                node.attr["shape"].shape.CopyFrom(value.list.shape[0])
            else:
                node.attr[key].CopyFrom(value)

    def place(text):
        """``(node, index)`` of ``node:z:0``, or of an argument's name."""
        name, _, rest = text.partition(":")
        if not rest:
            return name, 0
        output, _, index = rest.partition(":")
        first = 0
        for arg in types[name].outputs:
            if arg.name == output:
                return name, first + int(index or 0)
            if arg.number_attr:
                first += attrs[name][arg.number_attr].i
            elif arg.type_list_attr:
                first += len(attrs[name][arg.type_list_attr].list.type)
            else:
                first += 1
        raise ValueError(f"'{name}' has no output '{output}'")

    for node in definition.node_def:
        added = message.node.add()
        added.CopyFrom(node)
        del added.input[:]
        for text in node.input:
            if text.startswith("^"):
                added.input.append(text)
            else:
                name, index = place(text)
                added.input.append(f"{name}:{index}" if index else name)
    return message, place
