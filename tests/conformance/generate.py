"""Random scope programs: a seed gives the source of a program, the same on every Python.

    python -m tests.conformance.generate 17     # prints the source of program generated/17

Programs nest name and variable scopes by name, by object and by default name, in every reuse mode, with
initializers, custom getters, partitioners, regularizers, variables, ops, control dependencies and devices,
and with names both valid and invalid. Errors are part of what is compared: each statement stands in a guard.
"""

import random
import sys

_NAMES = ["a", "b", "A", "w", "x", "layer", "a_1", "b/c", "w/", "deep/er/path"]
_ODD_NAMES = ["_a", "a b", "-", "a-b", "a.b", "a//b", "/a", "a!", "a/_b", "3", "a>b"]
_DEFAULT_NAMES = ["layer", "a", "scope", "default"]
_REUSE = ["True", "False", "None", "tf.AUTO_REUSE", "tf.AUTO_REUSE"]
_SHAPES = ["[2]", "[3, 4]", "[]", "(4,)", "[2, 2]", "tf.TensorShape([5])", "3", "[None]", "[6, 2]"]
_DTYPES = ["tf.float32", "tf.float64", "tf.int32", "tf.float32", "tf.float16", "tf.bool"]
_INITIALIZERS = [
    "tf.zeros_initializer()", "tf.ones_initializer()", "tf.constant_initializer(2.5)",
    "tf.random_uniform_initializer(-1, 1, seed=3)",
    "tf.random_normal_initializer(seed=4)", "tf.truncated_normal_initializer(stddev=0.1, seed=5)",
    "tf.glorot_uniform_initializer(seed=6)",
    "tf.zeros_initializer", "[1.0, 2.0]", "tf.ones_initializer()", "None",
    "tf.glorot_normal_initializer(seed=8)",
    "tf.variance_scaling_initializer(seed=7)",
    "lambda shape, dtype=None, partition_info=None: tf.fill(shape, tf.cast(3, dtype))", "None",
]
_REGULARIZERS = ["square_sum", "nothing", "tf.no_regularizer", "None"]
_PARTITIONERS = ["tf.fixed_size_partitioner(2)", "tf.fixed_size_partitioner(2, axis=1)",
                 "tf.fixed_size_partitioner(1)",
                 "tf.variable_axis_size_partitioner(16)",
                 "tf.min_max_variable_partitioner(2, min_slice_size=8)", "None"]
_GETTERS = ["renaming", "doubling", "passing", "None"]
_DEVICES = ['"/cpu:0"', '"/job:ps/task:1"', "None", '"/gpu:1"',
            'lambda op: "/cpu:1" if op.type == "Const" else ""', '"/device:CPU:0"', '"nonsense"', '""']
_SAFE_DEVICES = ['"/cpu:0"', "None", '"/device:CPU:0"', '"/job:localhost"',
                 'lambda op: "/cpu:0" if op.type == "Const" else ""']

_PRELUDE = '''\
def square_sum(v):
    return tf.reduce_sum(v * v, name="penalty")

def nothing(v):
    return None

def renaming(getter, name, *args, **kwargs):
    return getter(name + "_got", *args, **kwargs)

def doubling(getter, name, *args, **kwargs):
    return getter(name, *args, **kwargs) * 2

def passing(getter, *args, **kwargs):
    return getter(*args, **kwargs)

def pick(items, i):
    return items[i % len(items)]

def as_tensor(i):
    return tf.cast(pick(tensors, i), tf.float32)

graph = tf.get_default_graph()
tensors = [tf.constant([1.0, 2.0], name="start")]
scopes = [tf.get_variable_scope()]
names = ["start/"]
fetched = []
'''

_POSTLUDE = """\
with t.guard():
    t.show([v.name for v in tf.global_variables()], [v.name for v in tf.trainable_variables()])
    tf.global_variables_initializer()
"""
# One at a time: an initial value may read another variable, and TensorFlow runs initializers in any order.
_RUN = """\
with t.guard():
    with tf.Session() as session:
        for variable in tf.global_variables() + tf.local_variables() + tf.get_collection("mine"):
            with t.guard():
                session.run(variable.initializer)
        for fetch in tf.global_variables() + fetched:
            with t.guard():
                value = session.run(fetch)
                t.show(value if graph.seed is not None else value.shape, ulp=16)
"""


class _Writer:
    """Writes one random program, drawing only from `Random.random`, which is the same in all Pythons."""

    def __init__(self, seed):
        # The first programs are short, so that what fails there is easy to read.
        self._random = random.Random(seed)
        self.lines = []
        # Whether devices that this machine lacks may be named; such a program is built and not run.
        self.elsewhere = self.chance(0.25)
        self.budget = 4 + min(seed, 40) // 2 + self.below(16)

    def below(self, n):
        return int(self._random.random() * n)

    def chance(self, p):
        return self._random.random() < p

    def choice(self, items):
        return items[self.below(len(items))]

    def name(self, odd=0.06):
        return repr(self.choice(_ODD_NAMES if self.chance(odd) else _NAMES))

    def line(self, depth, text):
        self.lines.append("    " * depth + text)

    def block(self, depth, statements):
        for _ in range(statements):
            if self.budget <= 0:
                break
            self.budget -= 1
            self.statement(depth)

    def statement(self, depth):
        writers = [self.name_scope, self.variable_scope, self.variable_scope, self.get_variable,
                   self.get_variable, self.op, self.op,
                   self.control, self.device, self.variable, self.unique_name, self.setter, self.collection,
                   self.update]
        if depth > 4 * 2:
            writers = [self.get_variable, self.op, self.variable]
        self.line(depth, "with t.guard():")
        self.choice(writers)(depth + 1)

    # Statements; each writes at least one line.

    def name_scope(self, depth):
        form = self.below(6)
        name = self.choice([self.name(), self.name(), self.name(), "''"])
        scope = [
            f"tf.name_scope({name})",
            f"tf.name_scope(None, {self.choice(_DEFAULT_NAMES)!r}, [pick(tensors, {self.below(9)})])",
            f"tf.name_scope(pick(names, {self.below(9)}))", "tf.name_scope(None)",
            f"graph.name_scope({self.name()})",
            f"tf.name_scope({self.name()}, {self.choice(_DEFAULT_NAMES)!r})",
        ][form]
        self.line(depth, f"with {scope} as scope:")
        self.line(depth + 1, "names.append(scope or 'start/')")
        self.line(depth + 1, "t.show(scope)")
        self.block(depth + 1, 1 + self.below(3))

    def variable_scope(self, depth):
        form = self.below(5)
        arguments = [
            self.name(), self.name(), f"pick(scopes, {self.below(9)})",
            f"None, {self.choice(_DEFAULT_NAMES)!r}",
            f"None, default_name={self.choice(_DEFAULT_NAMES)!r}, values=[pick(tensors, {self.below(9)})]",
        ][form]
        options = [
            (0.45 if form < 3 else 0.05, "reuse", _REUSE), (0.2, "initializer", _INITIALIZERS),
            (0.15, "regularizer", _REGULARIZERS), (0.1, "partitioner", _PARTITIONERS),
            (0.12, "custom_getter", _GETTERS), (0.1, "dtype", _DTYPES),
            (0.1, "use_resource", ["True", "False", "None"]),
            (0.08, "auxiliary_name_scope", ["False", "True"]), (0.05, "caching_device", _SAFE_DEVICES[:3]),
            (0.04, "constraint", ["tf.identity"]),
        ]
        self.line(depth, f"with tf.variable_scope({arguments}{self.options(options)}) as scope:")
        self.line(depth + 1, "scopes.append(scope)")
        self.line(depth + 1, "t.show(scope.name, scope.original_name_scope, scope.reuse)")
        self.block(depth + 1, 1 + self.below(4))

    def get_variable(self, depth):
        if self.chance(0.1):
            value = self.choice(["[1.0, 2.0]", "tf.constant([1.0, 2.0, 3.0])", "lambda: tf.ones([2])", "5"])
            self.line(depth, f"variable = tf.get_variable({self.name()}, initializer={value})")
            self.line(depth, "t.show(variable)")
            return
        shape = "" if self.chance(0.04) else f", {self.choice(_SHAPES)}"
        options = [
            (0.35, "initializer", _INITIALIZERS), (0.15, "dtype", _DTYPES),
            (0.12, "regularizer", _REGULARIZERS), (0.1, "trainable", ["False", "True"]),
            (0.1, "partitioner", _PARTITIONERS),
            (0.08, "collections", ['["mine"]', "[]", '["variables", "mine"]']),
            (0.08, "use_resource", ["True", "False"]),
            (0.05, "caching_device", _SAFE_DEVICES[:2]), (0.06, "custom_getter", _GETTERS),
            (0.03, "validate_shape", ["False"]), (0.04, "constraint", ["tf.identity"]),
        ]
        getter = self.choice(["tf.get_variable", "tf.get_variable", "tf.get_variable",
                              "tf.get_local_variable"])
        self.line(depth, f"variable = {getter}({self.name(0.04)}{shape}{self.options(options)})")
        self.line(depth, "t.show(variable)")
        self.line(depth, "tensors.append(tf.convert_to_tensor(variable))")

    def variable(self, depth):
        value = self.choice(["1.0", "[1.0, 2.0]", "3", "lambda: tf.zeros([2])", "tf.ones([2, 2])",
                             "[[1.0], [2.0]]"])
        options = [(0.6, "name", [self.name()]), (0.2, "trainable", ["False"]),
                   (0.1, "use_resource", ["True", "False"]), (0.1, "collections", ['["local_variables"]'])]
        self.line(depth, f"variable = tf.Variable({value}{self.options(options)})")
        self.line(depth, "t.show(variable)")
        self.line(depth, "tensors.append(variable.value())")

    def op(self, depth):
        i, j = self.below(9), self.below(9)
        name = f", name={self.name()}" if self.chance(0.5) else ""
        text = self.choice([
            f"tf.constant({self.choice(['1.0', '[2.0, 3.0]', '7', 'True'])}{name})",
            f"tf.add(as_tensor({i}), as_tensor({j}){name})", f"tf.identity(pick(tensors, {i}){name})",
            f"as_tensor({i}) * 2.0", f"tf.reduce_sum(pick(tensors, {i}){name})",
            f"tf.placeholder(tf.float32, [None, 2]{name})",
            f"tf.matmul(as_tensor({i}), as_tensor({j}){name})",
            f"tf.zeros([2, 3]{name})", f"tf.random_uniform([2], seed={i}{name})", f"-pick(tensors, {i})",
            f"tf.reshape(pick(tensors, {i}), [-1]{name})", f"tf.nn.relu(as_tensor({i}){name})",
            f"tf.stack([as_tensor({i}), as_tensor({i})]{name})", f"tf.shape(pick(tensors, {i}){name})",
            f"pick(tensors, {i})[0]", f"pick(tensors, {i}) > pick(tensors, {j})",
            f"tf.square(as_tensor({i}){name})", f"tf.expand_dims(pick(tensors, {i}), 0{name})",
            f"tf.add_n([as_tensor({i}), as_tensor({i})]{name})",
            f"tf.cast(pick(tensors, {i}), tf.int32{name})",
            f"1.0 - as_tensor({j})", f"tf.concat([as_tensor({i}), as_tensor({j})], 0{name})",
            f"tf.gradients(as_tensor({i}) * 3.0, pick(tensors, {i}){name})[0]",
        ])
        self.line(depth, f"tensor = {text}")
        self.line(depth, "tensors.append(tensor)")
        if self.chance(0.15):
            self.line(depth, "fetched.append(tensor)")

    def control(self, depth):
        inputs = self.choice([f"[pick(tensors, {self.below(9)})]", "None",
                              f"[pick(tensors, {self.below(9)}).op, pick(tensors, {self.below(9)})]", "[]",
                              "[tf.no_op()]"] + ["[3]"] * self.chance(0.1))
        self.line(depth, f"with tf.control_dependencies({inputs}):")
        self.block(depth + 1, 1 + self.below(3))
        self.line(depth + 1, "tf.no_op()")

    def device(self, depth):
        scope = f"tf.device({self.choice(_DEVICES if self.elsewhere else _SAFE_DEVICES)})"
        if self.chance(0.25):
            scope = f"tf.colocate_with(pick(tensors, {self.below(9)}))"
        self.line(depth, f"with {scope}:")
        self.block(depth + 1, 1 + self.below(3))
        self.line(depth + 1, "tf.no_op(name='here')")

    def unique_name(self, depth):
        mark = ", mark_as_used=False" if self.chance(0.4) else ""
        self.line(depth, f"t.show(graph.unique_name({self.name()}{mark}), graph.get_name_scope())")

    def setter(self, depth):
        call = self.choice([
            f"set_initializer({self.choice(_INITIALIZERS)})",
            f"set_regularizer({self.choice(_REGULARIZERS)})", "reuse_variables()",
            f"set_partitioner({self.choice(_PARTITIONERS)})",
            f"set_custom_getter({self.choice(_GETTERS)})", f"set_dtype({self.choice(_DTYPES)})",
            "set_use_resource(True)",
        ])
        self.line(depth, f"tf.get_variable_scope().{call}")

    def collection(self, depth):
        self.line(depth, self.choice([
            f"tf.add_to_collection('c', pick(tensors, {self.below(9)}))",
            f"t.show(tf.get_collection('variables', scope={self.name()}))",
            f"t.show(pick(scopes, {self.below(9)}).global_variables())",
            "t.show(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))",
            "t.show(tf.get_variable_scope().name)",
        ]))

    def update(self, depth):
        variable = f"pick(tf.global_variables() or [tf.Variable(1.0)], {self.below(9)})"
        self.line(depth, self.choice([
            f"tf.assign({variable}, pick(tensors, {self.below(9)}))",
            f"{variable}.assign_add(pick(tensors, {self.below(9)}))",
            f"tensors.append({variable}.initializer.outputs and {variable}.value())",
            f"tensors.append({variable} * 2)", f"t.show({variable}.op.name, {variable}.shape)",
            f"tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum({variable}))",
        ]))

    def options(self, options):
        return "".join(f", {key}={self.choice(values)}" for p, key, values in options if self.chance(p))


def source(seed):
    """The source of the program with this seed; it uses ``tf`` and the trial ``t``."""
    writer = _Writer(seed)
    if writer.chance(0.5):
        writer.line(0, f"tf.set_random_seed({writer.below(100)})")
    while writer.budget > 0:
        writer.block(0, 1)
    return "\n".join([_PRELUDE, *writer.lines, _POSTLUDE] + [_RUN] * (not writer.elsewhere))


def load(seed):
    """The program with this seed as a function ``f(tf, t)``."""

    def generated(tf, t):
        exec(compile(source(seed), f"<generated/{seed}>", "exec"), {"tf": tf, "t": t})

    return generated


if __name__ == "__main__":
    print(source(int(sys.argv[1])))
