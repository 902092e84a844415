# THE CONTRACT of the compiled core: what each record and class holds, and who owns it.

from cpython.ref cimport PyObject
cimport numpy as cnp


# ---------------------------------------------------------------- names

cdef struct NameEntry:           # one used (or merely passed-through) name in the registry's trie
    int parent                   # entry of the enclosing scope; 0 is the root
    int base                     # lower-cased component, index into NameTable.strings
    int suffix                   # the k of a component "base_k"; 0 when it has none
    int counter                  # TF's per-name counter; 0: known as a scope path only
    int limit                    # names base_1 .. base_(limit-1) are in use without entries of their own
    bint has_suffixed            # an explicit entry (parent, base, k > 0) exists: probe before using one

cdef struct Scope:               # one opened name scope
    int parent                   # the scope it stands in; 0 is the root
    int base                     # component as written, index into NameTable.strings
    int suffix                   # 0 or the k of "_k"
    int entry                    # its NameEntry: where names inside are registered
    PyObject* prefix             # owned str "a/b/", spelled out when first asked for, or NULL
    bint by_path                 # entered by its path: other records may stand for the same scope
    bint named                   # an operation has taken the scope's own name

cdef class NameTable:
    cdef list strings            # the components
    cdef Py_hash_t* hashes       # component -> its hash
    cdef int* slots              # open addressing by hash: component or -1
    cdef int slots_mask
    cdef int* lower              # component -> its lower-cased component
    cdef int* split_base         # component "a_3" -> "a" (itself when it has no suffix)
    cdef int* split_suffix       # component "a_3" -> 3 (0 when it has none)
    cdef char* valid             # VALID_IN_SCOPE, VALID_AT_ROOT, HAS_SLASH, HAS_CAPITALS, HAS_NODES
    cdef int n_capacity
    cdef NameEntry* entries      # append-only; entry 0 is the root
    cdef int n_entries
    cdef int n_entries_capacity
    cdef int obtained            # the entry last asked for
    cdef int* table              # open addressing: entry index or -1
    cdef int table_mask
    cdef Scope* scopes           # append-only; scope 0 is the root
    cdef int n_scopes
    cdef int n_scopes_capacity
    cdef dict paths              # path -> a scope with that path, for those entered by path
    cdef long long serial        # tells this table from all others, for what remembers its indices

    cdef int intern(self, str text) except -1
    cdef int new_component(self, str text, Py_hash_t h, int slot) except -1
    cdef int find(self, int parent, int base, int suffix) noexcept
    cdef int obtain(self, int parent, int base, int suffix) except -1
    cdef int new_scope(self, int parent, int base, int suffix, int entry) except -1
    cdef int child_scope(self, int scope, str component) except -1
    cdef int scope_of_path(self, str path) except -1
    cdef void place(self, int e) noexcept
    cdef int rehash(self) except -1
    cdef bint is_used(self, int parent, int base, int suffix) noexcept
    cdef int unique(self, int scope, int component, bint mark, int* base, int* suffix) except -1
    cdef str scope_prefix(self, int scope)
    cdef str long_prefix(self, int scope)
    cdef int take(self, int parent, int base, int suffix) except -1
    cdef str scope_path(self, int scope)
    cdef str spell(self, int scope, int base, int suffix)


# ---------------------------------------------------------------- graph

cdef struct Node:                # one operation
    int op_type                  # index into OP_TYPES
    int scope                    # name: scope, component and suffix, spelled out when read
    int base
    int suffix
    int first_edge               # its edges: n_inputs output ids, then n_controls node ids
    int n_inputs
    int n_controls
    int first_output             # its outputs are consecutive ids
    int n_outputs
    int device                   # component index of the device string; -1: none
    int placed                   # node whose colocation groups this one shares; -1, or written in Graph.node_extras
    bint waited_for              # named in a control_dependencies block, and not yet written in Graph.node_extras
    PyObject* attrs              # owned tuple, values of OpType.stored in order; NULL when there are none
    PyObject* handle             # the live Operation, borrowed; NULL when nobody holds one

cdef struct Output:              # one output of an operation
    int node
    int shape                    # interned shape id; 0 is unknown rank
    int dtype                    # TF's DataType number; + 100 for a reference
    PyObject* handle             # the live Tensor, borrowed; NULL when nobody holds one

cdef class Graph
cdef class Operation
cdef class Tensor
cdef class OpType

cdef class Graph:
    cdef Node* nodes             # owned; grows by doubling
    cdef int n_nodes
    cdef int nodes_capacity
    cdef Output* outputs
    cdef int n_outputs
    cdef int outputs_capacity
    cdef int* edges
    cdef int n_edges
    cdef int edges_capacity
    cdef NameTable names
    cdef int scope               # the current name scope
    cdef public bint is_function   # inputs of other graphs are captured through self.capture(t)
    cdef public bint decorated     # devices, colocation, attributes or control inputs are in force: ask Python
    cdef public int placed_with    # the node to place new ones with, when that is all that is in force; or -1
    cdef public bint finalized
    cdef public object device_stack    # the devices in force: a _DeviceStack of pyscope.graph
    cdef public object variable_store   # what get_variable has made: a VariableStore, or None
    cdef public object entered_devices  # the one in force when this graph or a variable scope was last entered
    cdef public int version_extra  # mutations that add no node
    cdef public dict node_extras   # node id -> attributes beyond the op type's own
    cdef public dict handle_data   # output id -> ((shape, dtype), ...) of what a resource handle refers to
    cdef public dict user_data     # ("op" | "tensor", id) -> attributes that programs set on handles
    cdef dict by_name              # full name -> node id, built when first asked for
    cdef int n_named               # nodes already in by_name
    cdef dict nodes_of_base        # last component of a name -> the nodes that have it, for those asked for
    cdef list consumer_index       # output id -> consuming nodes, built when first asked for
    cdef int n_consumer_nodes
    cdef int edit_count            # changes to existing edges, so that plans notice
    cdef dict retyped              # (node, index) -> DType of an input that was replaced by one of another dtype
    cdef bint points_back          # an input was given to a node older than what makes it, as loops need
    cdef object __weakref__

    cdef Tensor tensor(self, int output)
    cdef Operation operation(self, int node)
    cdef int append(self, OpType op_type, int n_inputs, int* inputs, int n_controls, int* controls,
                    int n_outputs, int* dtypes, int* shapes, PyObject* attrs,
                    int scope, int base, int suffix) except -1
    cdef str node_name(self, int node)
    cdef int check_open(self) except -1
    cdef int reserve_edges(self, int n) except -1
    cdef int check_name(self, str name, int flags) except -1
    cdef int record(self, int node) except -1
    cdef int enter_scope(self, object name) except -1
    cdef int scope_at(self, int scope, int base, int suffix) except -1
    cdef dict extras_of(self, int node)
    cdef int settle_all(self) except -1
    cdef list consumers_of(self, int output)
    cdef int note_consumer(self, int output, int node) except -1
    cdef int forget_consumers(self) except -1
    cdef int resolve_name(self, str name, bint plain, int* scope, int* base, int* suffix,
                          bint opening=*) except -1
    cdef bint is_free(self, str name)
    cdef int release_name(self, str name) except -1
    cdef set named_by_controllers(self)
    cdef int take_name(self, str name) except -1
    cdef bint has_operation(self, str name) except -1
    cdef set taken               # node names that did not go through the registry
    cdef int controls_for(self, int n_inputs, int* inputs, list out) except -1
    cdef list controllers        # open control_dependencies blocks, outermost first
    cdef list new_handle_data    # (output index, data) of the node whose shapes are being inferred; mostly None

cdef class Operation:            # handle to a node; at most one lives at a time
    cdef readonly Graph graph
    cdef readonly int _id
    cdef object __weakref__

cdef class Tensor:               # handle to an output; at most one lives at a time
    cdef readonly Graph graph
    cdef readonly int _id
    cdef object __weakref__


# ---------------------------------------------------------------- op types

cdef enum RuleKind:              # shape rules in C; RULE_PYTHON calls OpType.shape
    RULE_PYTHON
    RULE_SAME                    # every output has the shape of input 0
    RULE_BROADCAST               # NumPy broadcasting of inputs 0 and 1
    RULE_MATMUL                  # 2-D product with transpose_a, transpose_b
    RULE_SCALAR
    RULE_UNKNOWN
    RULE_VALUE                   # the shape of the stored value, of a Const

cdef enum:
    MOST_ARGUMENTS = 8           # of calls that may take the short way
    MOST_INPUTS = 32             # of nodes made by it
    MOST_REMEMBERED = 8          # inputs of nodes whose shapes are remembered
    OUT_STORED = 1000

ctypedef PyObject* (*call_fn)(PyObject*, PyObject**, size_t, PyObject*)

cdef class ArgDef
cdef class AttrDef
cdef class ShapeContext

cdef class OpType:
    cdef readonly str type
    cdef readonly str signature
    cdef readonly list inputs        # of ArgDef
    cdef readonly list outputs       # of ArgDef
    cdef readonly dict attrs         # name -> AttrDef, in TF's order
    cdef readonly tuple stored       # names of attributes kept with the node (the others follow from its inputs)
    cdef readonly tuple defaults     # default values of `stored`; MISSING where there is none
    cdef dict stored_index           # name -> position in stored
    cdef readonly object shape       # rule name or Python rule
    cdef readonly object kernel
    cdef readonly object gradient
    cdef readonly str lacking        # "attr: type|type" for which TF has no kernel, or None
    cdef readonly bint stateful
    cdef public object binding       # what the executor prepared for this kernel
    cdef int index                   # in OP_TYPES
    cdef int rule                    # RuleKind
    cdef int quick                   # QuickRule: what answers before a rule in Python
    cdef int quick_argument          # of that
    cdef readonly bint scoped        # whether a call opens the scope its name asks for (a Const does not)
    cdef bint simple                 # every input single, plain or one shared type attr; one or no output
    cdef int simple_in_dtype         # fixed dtype of the inputs, or 0: the type attr
    cdef int simple_out_dtype        # fixed dtype of the output, or 0: the inputs'
    cdef unsigned long long allowed  # bit set of dtypes of the type attr (enum < 64); all ones: any
    cdef int n_in
    cdef int n_out
    cdef bint all_default            # every stored attr has a default
    cdef object import_plan          # TypePlan, made when first imported
    cdef tuple written               # stored attributes last written to wire format, and their bytes
    cdef bytes written_bytes
    cdef bint ready                  # calls with tensors and literals may take the short way of ready.pxi
    cdef bint measures               # a function may ask for its result rather than for its input
    cdef int arg_kind[MOST_ARGUMENTS]     # DataType number of an input, or -1 - k for type attr k
    cdef bint arg_list[MOST_ARGUMENTS]    # whether it is a list
    cdef int list_minimum            # its least length
    cdef int n_type_attrs
    cdef unsigned long long allowed_types[MOST_ARGUMENTS]    # of type attr k: bit set of dtypes
    cdef int default_types[MOST_ARGUMENTS]    # of type attr k, or 0
    cdef int out_kind                # DataType number, -1 - k for type attr k, or OUT_STORED + i for a stored attr
    cdef int out_number              # place of the stored attribute that says how many outputs there are, or -1: one
    cdef int out_kinds[MOST_ARGUMENTS]    # of each output, if there are several
    cdef bint remembers              # answers of its shape rule may be kept
    cdef unsigned int asked          # bit set of inputs whose values the rule has ever asked for
    cdef dict default_answers        # what the rule sees of the inputs -> (shape ids, what keeps the key valid)
    cdef dict answers                # stored attributes -> a dict like default_answers
    cdef call_fn vectorcall          # what CPython calls for a call of it

    cdef object apply(self, tuple args, dict attrs, object name, str default_name)
    cdef object inferred_attr(self, Graph g, int n_inputs, int* inputs, AttrDef a)
    cdef int find_simple(self) except -1
    cdef tuple stored_values(self, dict attrs)
    cdef int add(self, Graph g, int n_inputs, int* inputs, int n_outputs, int* dtypes, tuple stored,
                 int scope, int base, int suffix, dict extras) except -1
    cdef object apply_any(self, tuple args, dict attrs, object name, str default_name)
    cdef tuple convert(self, tuple args, dict attrs, list inputs)
    cdef int check_type(self, AttrDef a, object dtype, str arg_name) except -1
    cdef object convert_one(self, ArgDef arg, object value, dict known, dict origin)
    cdef list convert_list(self, ArgDef arg, object values, dict known)
    cdef object finish(self, Graph g, list inputs, object types, dict known, dict attrs, int scope, int base,
                       int suffix)
    cdef list captured(self, Graph g, list inputs, int scope, int base, int suffix)
    cdef int check_references(self, list inputs) except -1
    cdef object beside_references(self, Graph g, list inputs)
    cdef object attr_of(self, str name, dict known, tuple stored)
    cdef int infer(self, Graph g, int n_inputs, int* inputs, int n_outputs, int* dtypes, int* shapes, tuple stored,
                   int scope, int base, int suffix, dict extras) except -1
    cdef ShapeContext context(self, Graph g, int n_inputs, int* inputs, tuple stored, int scope, int base, int suffix,
                              dict extras)


cdef class BinaryCall:           # the short way to a node of two inputs
    cdef OpType op_type
    cdef str name                # scope of a call without a name
    cdef object slow             # what to call when the arguments are not two tensors, or a tensor and a number
    cdef bint reflected          # whether the second argument is the left operand

    cdef object build(self, object x, object y, object name)


cdef class ArgDef:               # an input or output in a signature
    cdef readonly str name
    cdef readonly int dtype          # fixed DataType number, or 0
    cdef readonly str type_attr      # attribute with the type, or None
    cdef readonly str number_attr    # attribute with the length of the list, or None
    cdef readonly str type_list_attr  # attribute with the list of types, or None
    cdef readonly bint is_ref

cdef class AttrDef:              # an attribute in a signature
    cdef readonly str name
    cdef readonly str kind           # "type", "list(int)", ...
    cdef readonly object allowed     # tuple of DTypes or of str, or None
    cdef readonly object minimum     # int or None
    cdef readonly object default     # python value, or MISSING
    cdef readonly bint inferred      # follows from the inputs
    cdef list entries                # of a type attribute: DataType number -> its entry in wire format, or None

cdef class FunctionName:         # the value of a func attribute
    cdef readonly str name
    cdef readonly dict attrs         # name -> (kind, value), or None

cdef class ShapeContext:         # what a Python shape rule sees of the node being made
    cdef readonly OpType op_type
    cdef Graph owner             # the graph that the node will be in
    cdef unsigned int asked      # bit set of inputs whose values the rule asked for
    cdef bint looked_further     # the rule used more than shapes, dtypes, attributes and values
    cdef list ids                # output ids of the inputs
    cdef tuple stored
    cdef dict extras
    cdef int scope, base, suffix
    cdef list folded             # (index, array): inputs whose value the rule asked for
    cdef list partial            # (index, shape): inputs read as shapes

    cdef int id_of(self, int index) except -1
    cdef int ask(self, int index) except -1
    cdef list controls(self)


cdef Graph current_graph()


# ---------------------------------------------------------------- executor

cdef enum StepKind:
    STEP_UFUNC                   # a NumPy inner loop, called from C
    STEP_NUMPY                   # a ufunc without a loop we can call: the ufunc object
    STEP_IDENTITY                # the output is the input
    STEP_CORE                    # a typed loop of src/core/kernels
    STEP_PYTHON                  # f(attrs, *inputs)
    STEP_SESSION                 # f(run, op, *inputs)
    STEP_PLACEHOLDER             # a placeholder that was not fed
    STEP_MISSING                 # an op type without a kernel
    STEP_CONST                   # no step but a register loaded once, except where control flow may pass it by
    STEP_NOTHING                 # no step, with the same exception
    STEP_FUSED                   # the elementwise steps behind it at once, block by block
    STEP_SWITCH                  # TF1's control flow; a plan with one of these runs by flow.pxi
    STEP_MERGE
    STEP_ENTER
    STEP_EXIT
    STEP_NEXT

cdef enum InputFlag:             # what a step does with one of its inputs
    INPUT_LAST = 1               # nobody reads the register later: drop it, or write into it
    INPUT_DEREF = 2              # the register holds a VariableState; the kernel wants its value

cdef enum Sharing:               # what an output may do with memory of a reference variable that an input lies in
    SHARES_ANYTHING              # no input lies in such memory
    SHARES_WHOLE                 # be all of it, in another shape perhaps
    SHARES_ROWS                  # be some of its rows, too
    SHARES_NOTHING

ctypedef void (*loop_fn)(char** args, const cnp.npy_intp* dimensions, const cnp.npy_intp* strides, void* data) noexcept nogil
# 1: done; 0: left to the Python kernel beside it. Outputs are new references.
ctypedef int (*core_fn)(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1

cdef struct Fused                # fusion.pxi
# 1: the steps behind it are done; 0: they run one by one.
ctypedef int (*joined_fn)(Plan plan, Frame* frame, Step* step) except -1

cdef struct Step:                # one call of a kernel
    StepKind kind
    int node                     # the operation, for errors and statistics
    int n_in
    int n_out
    int first_in                 # its inputs: Plan.in_registers and Plan.in_flags from here
    int first_out                # its outputs: this register and the ones after it
    bint has_deref               # some input is to be dereferenced
    bint wants_run               # the callable is a session kernel: f(run, op, *inputs)
    bint drops                   # some output is never read: drop it at once
    Sharing sharing              # which of its outputs may be memory of a reference variable
    loop_fn loop                 # inner loop for these dtypes, borrowed from the ufunc
    void* loop_data              # what that loop wants as its last argument
    core_fn core                 # STEP_CORE; what it leaves is done by the callable
    int out_type                 # NumPy type number of output 0
    int bits                     # what a core kernel keeps of the attributes; 0: not read yet
    PyObject* callable           # ufunc or function, owned
    PyObject* attrs              # STEP_PYTHON: mapping; STEP_SESSION: Operation; owned, made when first run
    Fused* fused                 # STEP_FUSED: how its members run together; owned

cdef struct Frame:               # the registers of one run
    PyObject** registers         # owned values; NULL when there is none
    PyObject** spares            # small arrays of earlier runs, to be written again
    char* scratch                # blocks of intermediate results of fused steps; made when first needed
    Frame* next                  # in the free list of the plan

cdef class Plan:                 # what runs for given fetches and feeds; never changes once made
    cdef readonly Graph graph
    cdef int edit_count          # Graph.edit_count when made
    cdef Step* steps             # owned, in order of execution
    cdef readonly int n_steps
    cdef int* in_registers       # all inputs of all steps
    cdef int n_inputs
    cdef unsigned char* in_flags  # InputFlags, beside in_registers
    cdef readonly int n_registers
    cdef int* types              # register -> NumPy type number; -1: any object
    cdef bint* is_constant       # register -> loaded once per frame and never dropped
    cdef bint* is_unread         # register -> neither read nor fetched
    cdef int n_feeds
    cdef int* feed_outputs       # output ids
    cdef int* feed_registers
    cdef int n_fetches           # tensors only
    cdef int* fetch_registers
    cdef bint* fetch_again       # fetch -> a later fetch reads the same register
    cdef size_t scratch_bytes    # how much scratch its fused steps need
    cdef bint* is_variant        # beside them: fetches that have no form outside
    cdef list constants          # (register, value)
    cdef bint calls_python       # some step runs Python code: silence NumPy's warnings for the run
    cdef bint needs_run          # some step wants the RunState
    cdef int n_threads           # threads that a step may use
    cdef int n_beside            # steps that may run side by side; 0: 1
    cdef bint uses_blas          # some kernel in Python calls BLAS
    cdef object watch            # what is known of its runs (beside.pxi), or None
    cdef bint has_run            # a function's: it ran since old ones were last let go
    cdef list program            # steps and loops in order if there is TF1 control flow, else None
    cdef Frame* free_frames      # frames at rest

    cdef Frame* borrow(self) except NULL
    cdef void give_back(self, Frame* frame) noexcept
    cdef int bind(self, Step* step, int node) except -1

cdef class VariableState:        # the value of one variable in one session
    cdef public object value     # ndarray, or None before it is initialized
    cdef readonly bint is_ref    # a reference variable: who has read it sees what is written later
    cdef public str name
    cdef public object dtype

cdef class RunState:             # one run, as session kernels see it
    cdef readonly BaseSession session
    cdef readonly long long step_id
    cdef bint alone              # steps are not to run side by side
    cdef public list trace       # (Operation, start ns, end ns, outputs, names of fused) of each step, or None

    cdef int note(self, Plan plan, Frame* frame, Step* step, object started) except -1

cdef class BaseSession:
    cdef readonly Graph graph
    cdef public dict resources   # key -> what kernels keep between runs
    cdef dict op_states          # (graph, node) -> what an op keeps between runs
    cdef dict plans              # fetch and feed ids -> Plan
    cdef dict function_plans     # function graph -> Plan
    cdef int function_limit      # how many there may be before those are let go that do not run
    cdef dict list_plans         # (codes as `take_apart` finds them, output ids fed) -> Plan
    cdef int rewrites            # Rewrites that plans may use
    cdef public bint _closed
    cdef long long n_runs
    cdef int n_threads           # threads that a step may use; 0: not yet known
    cdef int n_beside            # steps that may run side by side
    cdef int n_placed            # nodes whose devices have been looked at
    cdef long long last_key      # plain_key of the latest plain run, and its plan
    cdef Plan last_plan

    cdef Plan plain_plan(self, object fetch, object feeds)
    cdef Plan structure_plan(self, list codes, object feeds)
    cdef int load(self, Plan plan, Frame* frame, int k, object value) except -1
    cdef RunState new_run(self)
    cdef int forget_functions(self) except -1
    cdef int place(self) except -1
    cdef Plan plan_for(self, tuple fetches, tuple feeds, tuple targets)
