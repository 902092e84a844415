"""import_graph_def, as_graph_def, graph_util."""

import numpy as np

from ..registry import program

FLOAT = 'attr { key: "T" value { type: DT_FLOAT } }'


def _parse(tf, text, **versions):
    from google.protobuf import text_format

    graph_def = tf.GraphDef()
    text_format.Parse(text, graph_def)
    graph_def.versions.producer = versions.get("producer", 2474)
    graph_def.versions.min_consumer = versions.get("min_consumer", 0)
    graph_def.versions.bad_consumers.extend(versions.get("bad_consumers", ()))
    return graph_def


def _placeholder(name, dtype="DT_FLOAT", extra=""):
    return f'node {{ name: "{name}" op: "Placeholder" {extra} attr {{ key: "dtype" value {{ type: {dtype} }} }} }}\n'


def _node(name, op, inputs=(), extra=FLOAT):
    inputs = " ".join([f'input: "{text}"' for text in inputs])
    return f'node {{ name: "{name}" op: "{op}" {inputs} {extra} }}\n'


A = _placeholder("a")
AB = A + _node("b", "Relu", ["a"])


def _mlp(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.variable_scope("layer"):
        w = tf.get_variable("w", initializer=np.full([3, 2], 0.5, np.float32))
        b = tf.get_variable("b", [2], initializer=tf.zeros_initializer())
        h = tf.nn.relu(tf.matmul(x, w) + b)
    tf.identity(h, name="h")
    loss = tf.reduce_mean(tf.square(h), name="loss")
    tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="step")
    tf.global_variables_initializer()
    return tf.get_default_graph().as_graph_def()


@program
def names(tf, t):
    tf.import_graph_def(_parse(tf, AB))
    tf.import_graph_def(_parse(tf, AB))
    with tf.name_scope("s"):
        tf.import_graph_def(_parse(tf, AB))
        tf.import_graph_def(_parse(tf, AB), name="")
        tf.nn.relu(tf.constant(1.0), name="b")
    tf.import_graph_def(_parse(tf, AB), name="")
    tf.import_graph_def(_parse(tf, AB), name="import/")
    tf.nn.relu(tf.constant(1.0), name="import")
    tf.nn.relu(tf.constant(1.0), name="b")
    tf.nn.relu(tf.constant(1.0), name="B")
    with t.error():
        tf.import_graph_def(_parse(tf, AB), name="!")


@program
def names_in_use(tf, t):
    tf.constant(1.0, name="a/x")
    tf.constant(1.0, name="B")
    tf.import_graph_def(_parse(tf, AB), name="")
    tf.import_graph_def(_parse(tf, _placeholder("x_1") + _placeholder("x") + _placeholder("X")), name="")
    for name in ("x", "x_1", "x", "X"):
        tf.constant(1.0, name=name)
    tf.import_graph_def(_parse(tf, _placeholder("import/q")), name="")
    tf.import_graph_def(_parse(tf, _placeholder("q")))


@program
def order_of_nodes(tf, t):
    text = _node("b", "Relu", ["a", "^d"]) + _node("c", "AddV2", ["b", "a:0"]) + A + _node("d", "Relu", ["a"])
    t.show(tf.import_graph_def(_parse(tf, text), return_elements=["c", "c:0", "a:0"]))
    tf.import_graph_def(_parse(tf, _node("n", "NoOp", extra="") + _node("m", "NoOp", ["^n", "^n"], "")))


@program
def input_map(tf, t):
    c = tf.constant([2.0], name="c")
    t.show(tf.import_graph_def(_parse(tf, AB), {"a:0": c}, ["b", "b:0", "a", "a:0"]))
    t.show(tf.import_graph_def(_parse(tf, AB), {b"a": c}, [b"b:0"]))
    t.show(tf.import_graph_def(_parse(tf, AB), {"a:0": 3.0}, ["b:0"]))
    tf.import_graph_def(_parse(tf, AB + _node("d", "Relu", ["b", "^a"])), {"^a": c})
    for key in ("a:1", "other:0", "^q", "import/a:0", "a:b", "a:b:c"):
        with t.error():
            tf.import_graph_def(_parse(tf, AB), {key: c})
    with t.error():
        tf.import_graph_def(_parse(tf, AB), {"a:0": tf.constant(1)})
    with t.error():
        tf.import_graph_def(_parse(tf, AB), {"a:0": 3.0}, name="")
    with t.error():
        tf.import_graph_def(_parse(tf, AB), [c])
    with t.error():
        tf.import_graph_def(_parse(tf, AB), {1: c})
    with tf.Graph().as_default():
        other = tf.constant(1.0, name="elsewhere")
    with t.error():
        tf.import_graph_def(_parse(tf, AB), {"a:0": other}, name="")


@program
def return_elements(tf, t):
    t.show(tf.import_graph_def(_parse(tf, AB), return_elements=[]))
    for name in ("q", "q:0", "a:1", "a:b"):
        with t.error():
            tf.import_graph_def(_parse(tf, AB), return_elements=[name])
    with t.error():
        tf.import_graph_def(_parse(tf, AB), return_elements=[1])


@program
def what_is_no_graph(tf, t):
    for text in (
        A + A, _placeholder("a b"), _node("b", "Relu", ["a"]), A + _node("b", "Relu", ["a", "^zz"]),
        'node { name: "a" }', AB + _node("d", "Relu", ["^b", "a"]), A + _node("b", "Relu", ["a"], ""),
        A + _node("b", "Relu", ["a", "a"]), A + _node("b", "Relu", ["a:1"]),
        A + _node("b", "Relu", ["a"], 'attr { key: "T" value { i: 3 } }'),
        A + _node("b", "Relu", ["a"], 'attr { key: "T" value { type: DT_STRING } }'),
        A + _node("b", "AddN", [], FLOAT + 'attr { key: "N" value { i: 0 } }'),
        _placeholder("a", "DT_INT32") + _node("b", "Relu", ["a"]), A + _node("b", "Assign", ["a", "a"]),
        _node("a", "Relu", ["b"]) + _node("b", "Relu", ["a"]),
        A + _node("r", "AddV2", ["a", "n"]) + _node("n", "NextIteration", ["r"]),
        A.replace("attr", 'attr { key: "shape" value { shape { dim { size: 3 } } } } attr')
        + _node("m", "MatMul", ["a", "a"]),
        _node("c", "Const", [], 'attr { key: "dtype" value { type: DT_FLOAT } }'),
    ):
        with t.error():
            tf.import_graph_def(_parse(tf, text))
    for value in ("x", tf.NodeDef()):
        with t.error():
            tf.import_graph_def(value)
    t.show(tf.get_default_graph().get_operations())
    tf.get_default_graph().finalize()
    with t.error():
        tf.import_graph_def(_parse(tf, A))


@program
def defaults(tf, t):
    graph_def = _parse(tf, A + _placeholder("b") + _node("m", "MatMul", ["a", "b"]))
    tf.import_graph_def(graph_def)
    t.show([sorted(node.attr) for node in graph_def.node])
    unknown = _parse(tf, A + _node("b", "Relu", ["a"], FLOAT + 'attr { key: "_foo" value { i: 3 } }'))
    op, = tf.import_graph_def(unknown, return_elements=["b"])
    t.show(op.get_attr("_foo"))


@program
def versions(tf, t):
    for known in ({"producer": -1}, {"min_consumer": 99999}, {"bad_consumers": [2474]}):
        with t.error():
            tf.import_graph_def(_parse(tf, A, **known))
    tf.import_graph_def(_parse(tf, A, producer=99999))
    tf.import_graph_def(_parse(tf, A, producer=30, min_consumer=3, bad_consumers=[7, 5]))
    known = tf.get_default_graph().as_graph_def().versions
    t.show(known.producer, known.min_consumer, list(known.bad_consumers))


@program
def devices(tf, t):
    text = _placeholder("a", extra='device: "/cpu:0"') + _node("b", "Relu", ["a"]) + _placeholder(
        "c", extra='device: "/job:w"')
    tf.import_graph_def(_parse(tf, text))
    with tf.device("/gpu:1"):
        tf.import_graph_def(_parse(tf, text))
        with tf.device(lambda op: f"/job:{op.type.lower()}"):
            tf.import_graph_def(_parse(tf, text))
    with t.error():
        tf.import_graph_def(_parse(tf, _placeholder("a", extra='device: "foo"')))


@program
def colocation(tf, t):
    group = FLOAT + 'attr { key: "_class" value { list { s: "loc:@a" } } }'
    text = _placeholder("a", extra='device: "/cpu:0"') + _node("b", "Relu", ["a"], group)
    tf.import_graph_def(_parse(tf, text))
    with tf.device("/gpu:1"):
        tf.import_graph_def(_parse(tf, text))
    tf.constant(1.0, name="a")
    tf.import_graph_def(_parse(tf, text), name="")
    with tf.device("/cpu:3"):
        c = tf.constant(1.0, name="c")
    with tf.get_default_graph().colocate_with(c.op):
        tf.import_graph_def(_parse(tf, AB))
    with t.error():
        tf.import_graph_def(_parse(tf, A + _node("b", "Relu", ["a"], group.replace("@a", "@z"))))


@program
def open_scopes(tf, t):
    g = tf.get_default_graph()
    c = tf.constant(1.0, name="c")
    with tf.control_dependencies([c]):
        tf.import_graph_def(_parse(tf, AB))
        tf.import_graph_def(_parse(tf, AB), {"a:0": c})
    with g.gradient_override_map({"Relu": "Other"}):
        op, = tf.import_graph_def(_parse(tf, AB), return_elements=["b"])
    t.show(op.get_attr("_gradient_op_type"))


@program
def output_shapes(tf, t):
    shape = 'attr { key: "_output_shapes" value { list { shape { dim { size: 7 } } } } }'
    tf.import_graph_def(_parse(tf, A.replace("attr", shape + " attr", 1) + _node("b", "Relu", ["a"])))
    tf.import_graph_def(_parse(tf, A + _node("b", "Relu", ["a"], FLOAT + shape)))
    for text in (A.replace("attr", 'attr { key: "shape" value { shape { dim { size: 3 } } } } attr', 1),
                 A.replace("attr", 'attr { key: "shape" value { shape { } } } attr', 1)):
        with t.error():
            tf.import_graph_def(_parse(tf, text.replace("attr", shape + " attr", 1)))


@program
def training_graph(tf, t):
    with tf.Graph().as_default():
        graph_def = _mlp(tf)
    tf.import_graph_def(graph_def, name="net")
    with tf.Session() as session:
        session.run("net/init")
        for _ in range(2):
            t.show(session.run(["net/loss:0", "net/h:0", "net/step"], {"net/x:0": np.array([[1.0, 2.0, 3.0]])})[:2])


@program
def control_flow(tf, t):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [], name="x")
        tf.identity(tf.cond(x > 0.0, lambda: x * 2.0, lambda: x - 1.0), name="branch")
        y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [tf.constant(0), tf.constant(1.0)])[1]
        tf.identity(y, name="cube")
        graph_def = tf.get_default_graph().as_graph_def()
    x = tf.constant(3.0)
    branch, cube = tf.import_graph_def(graph_def, {"x:0": x}, ["branch:0", "cube:0"])
    with tf.Session() as session:
        t.show(session.run([branch, cube]), session.run(branch, {x: -3.0}))


@program
def gradients_of_imported(tf, t):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        tf.reduce_sum(tf.tanh(x) * x, name="y")
        graph_def = tf.get_default_graph().as_graph_def()
    x = tf.constant([1.0, 2.0])
    y, = tf.import_graph_def(graph_def, {"x": x}, ["y:0"])
    grad, = tf.gradients(y, [x])
    with tf.Session() as session:
        t.show(session.run([y, grad]))


@program
def round_trip(tf, t):
    with tf.Graph().as_default():
        first = _mlp(tf)
        for value in ([1.5, -2.0], [[1, 2]], [True, False], ["a", b"\x00b"], 3j, np.float16(2), np.uint8([250]),
                      np.int64(-1), np.zeros([0, 2], np.float64), np.full([3, 3], 7, np.int16)):
            tf.constant(value)
        first = tf.get_default_graph().as_graph_def()
    tf.import_graph_def(first, name="")
    second = tf.get_default_graph().as_graph_def()
    t.show([a == b for a, b in zip(first.node, second.node) if a != b], len(first.node) == len(second.node))


@program
def helpers(tf, t):
    with tf.Graph().as_default():
        a = tf.placeholder(tf.float32, [2], name="a")
        i = tf.identity(a, name="i")
        check = tf.check_numerics(i, "bad", name="check")
        b = tf.identity(i, name="b")
        with tf.control_dependencies([check]):
            tf.negative(i, name="e")
        with tf.control_dependencies([b]):
            tf.stop_gradient(a * 2.0, name="c")
        tf.negative(b, name="d")
        graph_def = tf.get_default_graph().as_graph_def()
    util = tf.graph_util
    t.show([n.name for n in util.extract_sub_graph(graph_def, ["d"]).node])
    t.show([(n.name, list(n.input)) for n in util.remove_training_nodes(graph_def).node])
    t.show([(n.name, list(n.input)) for n in util.remove_training_nodes(graph_def, ["i", "check"]).node])
    with t.error():
        with tf.Graph().as_default():
            tf.identity(tf.check_numerics(tf.constant(1.0), "bad"))
            util.remove_training_nodes(tf.get_default_graph().as_graph_def())
    t.show([util.must_run_on_cpu(n) for n in graph_def.node])
    with t.error():
        util.extract_sub_graph(graph_def, ["zz"])
    with t.error():
        util.extract_sub_graph(graph_def, "d")
    with t.error():
        util.extract_sub_graph(3, ["d"])


@program
def freezing(tf, t):
    with tf.Graph().as_default():
        graph_def = _mlp(tf)
        with tf.Session() as session:
            session.run("init")
            frozen = tf.graph_util.convert_variables_to_constants(session, graph_def, ["h"])
    t.show([(n.name, n.op, list(n.input)) for n in frozen.node])
    h, = tf.import_graph_def(frozen, return_elements=["h:0"])
    with tf.Session() as session:
        t.show(session.run(h, {"import/x:0": np.array([[1.0, 2.0, 3.0]])}))
