"""Names of operations, name scopes, unique_name, valid and invalid names."""

from ..registry import program


@program
def one_line(tf, t):
    tf.constant(1.0)


@program
def suffixes(tf, t):
    for _ in range(3):
        tf.constant(1, name="a")
    tf.constant(1, name="a_1")
    tf.constant(1, name="A")
    tf.constant(1, name="a_1_1")
    tf.constant(1, name="A_1")
    tf.placeholder(tf.float32)
    tf.placeholder(tf.float32)
    t.show(tf.get_default_graph().unique_name("a"))
    t.show(tf.get_default_graph().unique_name("a", mark_as_used=False))
    t.show(tf.get_default_graph().unique_name("a", mark_as_used=False))
    t.show(tf.get_default_graph().unique_name("fresh/name"), tf.get_default_graph().unique_name("fresh"))


@program
def name_scope_forms(tf, t):
    g = tf.get_default_graph()
    with tf.name_scope("outer") as outer:
        t.show(outer, g.get_name_scope())
        tf.constant(1)
        with tf.name_scope("inner") as inner:
            t.show(inner)
            tf.constant(2)
        with tf.name_scope(inner):
            tf.constant(3)
        with tf.name_scope("inner") as again:
            t.show(again)
        with tf.name_scope(None) as root:
            t.show(root)
            tf.constant(4, name="at_root")
        with tf.name_scope("") as empty:
            t.show(empty)
            tf.constant(4, name="at_root")
        with tf.name_scope(None, "default") as default:
            t.show(default)
        with tf.name_scope(None, "default", [tf.constant(5)]) as default:
            t.show(default)
        with tf.name_scope("given", "default", values=[6]) as given:
            t.show(given)
        with tf.name_scope(name="keyword"):
            tf.no_op()
    with tf.name_scope("outer") as second:
        t.show(second)
    with tf.name_scope(outer + "deep/er/"):
        tf.constant(1)
    with g.name_scope("direct") as direct:
        t.show(direct)
    with g.name_scope("a/b/c") as path:
        t.show(path)
        tf.constant(1, name="x/y")


@program
def scope_and_op_share_names(tf, t):
    tf.constant(1, name="s")
    with tf.name_scope("s"):
        tf.constant(1, name="s")
    tf.constant(1, name="s_1")
    with tf.name_scope("S") as upper:
        t.show(upper)
    with tf.name_scope("s/s") as inner:
        t.show(inner)
    tf.constant(1, name="s/s")


@program
def ops_reenter_scopes(tf, t):
    a = tf.constant(1.0, name="a")
    tf.add(a, a, name="given/")
    with t.error():
        tf.add(a, a, name="given/")
    with tf.name_scope("s"):
        tf.identity(a, name="x")
        tf.identity(a, name="x/")
        tf.add_n([a, a], name="sum")
        tf.reduce_sum(a, name="sum")


@program
def invalid_names(tf, t):
    g = tf.get_default_graph()
    for name in ("_a", "a b", "-a", "a!", "/a", "a//b", "\\a", "ä", "a\n"):
        with t.error():
            tf.constant(1, name=name)
        with t.error():
            with tf.name_scope(name) as scope:
                t.show(scope)
    for name in (".a", "a.b", "a-b", "1", "a>b", "a\\b", "a/_b", "a/-b"):
        with t.error():
            t.show(tf.constant(1, name=name))
    with tf.name_scope("s"):
        for name in ("_a", "-a", "\\a", "a>b"):
            with t.error():
                t.show(tf.constant(1, name=name))
        for name in ("_a", "-a"):
            with t.error():
                with tf.name_scope(name) as scope:
                    t.show(scope)
    with t.error():
        g.name_scope(3).__enter__()
    with t.error():
        with tf.name_scope(3):
            pass
    with t.error():
        with tf.name_scope(None, None, [1]):
            pass
    with t.error():
        with tf.name_scope(tf.constant(1)):
            pass
    with t.error():
        tf.constant(1, name=7)


@program
def names_after_failures(tf, t):
    with t.error():
        tf.matmul(tf.ones([2, 3]), tf.ones([4, 5]), name="product")
    with t.error():
        tf.add(tf.constant(1), tf.constant(1.0), name="sum")
    tf.constant(1, name="product")
    tf.constant(1, name="sum")


@program
def op_scope(tf, t):
    x = tf.constant(1)
    with tf.op_scope([x], "given", "default") as scope:
        t.show(scope)
        tf.identity(x)
    with tf.op_scope([x], None, "default") as scope:
        t.show(scope)
    with t.error():
        with tf.op_scope([x], None):
            pass


@program
def values_of_other_graphs(tf, t):
    with tf.Graph().as_default() as other:
        x = tf.constant(1.0, name="x")
    with t.error():
        tf.identity(x)
    with t.error():
        tf.add(tf.constant(1.0), x)
    with tf.name_scope("n", values=[x]) as scope:
        t.show(scope, tf.get_default_graph() is other)
        tf.identity(x)
    with t.error():
        with tf.name_scope("both", values=[x, tf.constant(1.0)]):
            pass
    t.graph(other)


@program
def graph_lookups(tf, t):
    g = tf.get_default_graph()
    a = tf.constant(1, name="a")
    with tf.name_scope("s"):
        b = tf.add(a, a, name="b")
    t.show(g.get_tensor_by_name("a:0") is a, g.get_operation_by_name("s/b") is b.op)
    t.show(g.as_graph_element("a"), g.as_graph_element("a:0"), g.as_graph_element(b),
           g.as_graph_element(b.op))
    t.show([op.name for op in g.get_operations()], g.version, g.building_function)
    t.show(g.is_feedable(a), g.is_fetchable(a))
    g.prevent_feeding(a)
    g.prevent_fetching(b.op)
    t.show(g.is_feedable(a), g.is_fetchable(b.op))
    with tf.Session() as session:
        with t.error():
            session.run(b, {a: 1})
        with t.error():
            session.run(b.op)
    for name in ("a", "a:1", "c:0", "a:x", "s/b:0:0", "", ":0", "a:0"):
        with t.error():
            t.show(g.get_tensor_by_name(name))
        with t.error():
            t.show(g.get_operation_by_name(name))
        with t.error():
            t.show(g.as_graph_element(name))
    for element in (3, None, a, 1.5, [a]):
        with t.error():
            g.get_tensor_by_name(element)
        with t.error():
            g.get_operation_by_name(element)
        with t.error():
            t.show(g.as_graph_element(element))
    with t.error():
        g.as_graph_element(a, allow_tensor=False)
    with t.error():
        g.as_graph_element("a", allow_operation=False)
    with t.error():
        g.as_graph_element("a:0", allow_tensor=False)
    with t.error():
        g.as_graph_element("a", allow_tensor=False, allow_operation=False)


@program
def operation_properties(tf, t):
    g = tf.get_default_graph()
    a = tf.placeholder(tf.float32, [None, 3], name="a")
    with g.control_dependencies([tf.no_op(name="first")]), g.device("/cpu:0"):
        b = tf.matmul(a, tf.ones([3, 2]), transpose_b=False, name="b")
    op = b.op
    t.show(op.name, op.type, list(op.inputs), op.outputs, op.control_inputs, op.device, op.values())
    t.show(op.get_attr("transpose_a"), op.get_attr("T"), a.op.get_attr("shape").dim[1].size)
    t.show(a.op.get_attr("dtype"), op.graph is g, b.graph is g, b.value_index, b.dtype, b.name, b.shape)
    t.show(a.consumers(), b.consumers(), b.get_shape(), a.get_shape().as_list())
    t.show(op.colocation_groups(), op.node_def.op, op.op_def.name, str(b), repr(b), str(b.op).splitlines()[0],
           repr(b.op))
    with t.error():
        op.get_attr("missing")
    t.show(a == a, a in {a}, {a: 1}[a], hash(a) == hash(a))
    with t.error():
        bool(b)
    with t.error():
        len(b)
    with t.error():
        iter(b)
    with t.error():
        list(b)
    with t.error():
        float(b)
    with t.error():
        b.set_shape([4, 5])
    b.set_shape([4, 2])
    t.show(b.shape)
    with t.error():
        b.numpy()
    with t.error():
        g.get_operation_by_name("b").outputs[1]


@program
def finalized_graph(tf, t):
    g = tf.get_default_graph()
    a = tf.constant(1, name="a")
    g.finalize()
    t.show(g.finalized)
    with t.error():
        tf.constant(2)
    with t.error():
        a + 1
    with tf.Session() as session:
        t.show(session.run(a))


@program
def convert_values(tf, t):
    import numpy as np

    for value in (1, 1.5, True, "text", b"bytes", 1j, [1, 2], [1.0, 2], [[1], [2]], (), [], np.float64(2),
                  np.arange(3),
                  [tf.constant(1), 2], 2**31, 2**40, -1, np.float16(1), np.array(["a", "bc"]),
                  [[1, 2], [3, 4]]):
        t.show(tf.convert_to_tensor(value))
    for value in (None, [1, "a"], [[1, 2], [3]], object, [1, 2.5, "x"], 2**70, {}, [None],
                  [tf.constant(1), 2.5]):
        with t.error():
            t.show(tf.convert_to_tensor(value))
    t.show(tf.convert_to_tensor(1, tf.float32), tf.convert_to_tensor(1, preferred_dtype=tf.float64))
    t.show(tf.convert_to_tensor("a", preferred_dtype=tf.float32))
    with t.error():
        tf.convert_to_tensor(1.5, tf.int32)
    with t.error():
        tf.convert_to_tensor("a", tf.int32)
    with t.error():
        tf.convert_to_tensor(tf.constant(1), tf.float32)
    t.show(tf.convert_to_tensor(tf.TensorShape([2, 3])), tf.convert_to_tensor([tf.constant(1.0), 2.0]))
    with t.error():
        tf.convert_to_tensor(tf.TensorShape([None, 3]))


@program
def constants(tf, t):
    import numpy as np

    tensors = [
        tf.constant([1, 2, 3]), tf.constant(0.5, shape=[2, 2]), tf.constant([1, 2], tf.int64, [3, 2]),
        tf.constant("hi", name="s"), tf.constant(np.eye(2)), tf.constant([[True, False]]),
        tf.constant([], tf.float32),
        tf.constant(3, dtype=tf.uint8), tf.constant(1.0, tf.bfloat16), tf.constant(2, tf.complex64),
        tf.constant(np.arange(6).reshape(2, 3), tf.float32), tf.constant([b"a", b"\x00\xff"]),
        tf.constant(7, shape=[]),
        tf.zeros([2, 3]), tf.ones([2], tf.int32), tf.fill([2, 2], 9), tf.zeros([], tf.string),
        tf.zeros([2], tf.bool),
        tf.zeros([100, 100]), tf.ones([50, 30]), tf.zeros_like([1, 2]), tf.ones_like(1.5), tf.eye(3),
    ]
    with tf.Session() as session:
        t.show(*session.run(tensors[:8] + tensors[9:]))
    with t.error():
        tf.constant([1, 2, 3], shape=[2], verify_shape=True)
    with t.error():
        tf.constant([1, 2, 3], shape=[2])
    with t.error():
        tf.constant([1, 2], tf.string)
    with t.error():
        tf.constant(300, tf.uint8)
    with t.error():
        tf.constant([1, 2, 3], shape=[-1])
    with t.error():
        tf.constant(tf.constant(1))


@program
def dtypes(tf, t):
    for dtype in (tf.float32, tf.int8, tf.bool, tf.string, tf.complex64, tf.bfloat16, tf.resource, tf.qint8):
        t.show(dtype.name, dtype.size if dtype not in (tf.string, tf.resource) else None, dtype.is_floating)
        t.show(dtype.is_integer, dtype.is_complex, dtype.is_bool, dtype.base_dtype, dtype.as_datatype_enum,
               repr(dtype), str(dtype))
    t.show(tf.float32.min, tf.float32.max, tf.int16.limits,
           tf.float32_ref.is_ref_dtype if hasattr(tf, "float32_ref") else True)
    t.show(tf.as_dtype("float32"), tf.as_dtype(1))
    for value in (float, int, bool, str, "int", "float", "str", b"int32"):
        with t.error():
            t.show(tf.as_dtype(value))
    t.show(tf.float32 == "float32", tf.float32 != tf.float64, tf.float32.is_compatible_with(tf.float32),
           tf.double, tf.half)
    with t.error():
        tf.as_dtype("no such type")
    with t.error():
        tf.as_dtype(None)
    with t.error():
        tf.as_dtype(object())


@program
def shapes(tf, t):
    shape = tf.TensorShape([2, None, 4])
    t.show(shape, shape.ndims, shape.rank, shape.as_list(), shape.is_fully_defined(), shape.num_elements(),
           str(shape), repr(shape))
    t.show(shape[0], shape[1], shape[1:], shape[-1], list(shape), len(shape), shape.dims[0])
    t.show(shape.merge_with([None, 3, 4]), shape.concatenate([1]), shape.is_compatible_with([2, 7, 4]),
           shape.with_rank(3))
    t.show(tf.TensorShape(None).concatenate([1]), tf.TensorShape(None), tf.TensorShape([]), tf.TensorShape(5),
           shape == [2, None, 4])
    t.show(tf.TensorShape([1, 2]) + [3], tf.Dimension(3) * 2, tf.Dimension(None) + 1, tf.Dimension(3) == 3,
           tf.Dimension(7) // 2)
    t.show(tf.Dimension(3) < 4, tf.Dimension(None) == 3, int(tf.Dimension(5)), str(tf.Dimension(None)),
           repr(tf.Dimension(2)))
    for action in (
        lambda: shape.merge_with([3, 3, 4]), lambda: shape.with_rank(2),
        lambda: tf.TensorShape(None).as_list(),
        lambda: shape.assert_has_rank(1), lambda: shape.assert_is_compatible_with([1]),
        lambda: tf.TensorShape([-3]),
        lambda: tf.TensorShape(["a"]), lambda: len(tf.TensorShape(None)),
        lambda: shape.assert_is_fully_defined(),
        lambda: tf.Dimension(-1), lambda: tf.Dimension("x"), lambda: shape.with_rank_at_least(4),
        lambda: tf.TensorShape(1.5),
        lambda: shape.merge_with([1, 2]), lambda: tf.TensorShape(None)[0], lambda: list(tf.TensorShape(None)),
    ):
        with t.error():
            t.show(action())
