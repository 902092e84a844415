# Names: which are valid, which are in use, and how a scope makes them unique.
#
# TensorFlow keeps every full name, lower-cased, in a dict with a counter.  Here the same facts live in a trie whose
# edges are path components, and a component "a_3" is the pair ("a", 3).  The usual run of names (Add, Add_1, Add_2, ...)
# is one entry with a limit, so a million of them cost nothing; a name that breaks the run gets an entry of its own.
#
#   unique, intern    O(1) expected        spell, scope_path    O(depth), read-only

cdef extern from "Python.h":
    PyObject* PyList_GET_ITEM(PyObject* list, Py_ssize_t index)

cdef int VALID_IN_SCOPE = 1
cdef int VALID_AT_ROOT = 2
cdef int HAS_SLASH = 4
cdef int HAS_NODES = 16          # some node has a name that ends with it
cdef int HAS_CAPITALS = 8        # or letters beyond ASCII: lower-casing may change it

SCOPE_NAME_PATTERN = r"^[A-Za-z0-9_.\\/>-]*$"
OP_NAME_PATTERN = r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$"


cdef enum:
    IS_OTHER = 1                 # no name has it
    IS_CAPITAL = 2
    IS_SLASH = 4
    IS_INNER = 8                 # names have it, but do not start with it

cdef unsigned char NAME_CHARACTERS[128]
for _i in range(128):
    NAME_CHARACTERS[_i] = (0 if chr(_i).islower() or chr(_i).isdigit() or chr(_i) == "." else
                           IS_CAPITAL if chr(_i).isupper() else IS_SLASH if chr(_i) == "/" else
                           IS_INNER if chr(_i) in "_\\>-" else IS_OTHER)


cdef int name_flags(str text):
    """Which of the two name patterns `text` matches (a final newline passes, as ``$`` lets it), and what it holds."""
    cdef int flags = VALID_IN_SCOPE | VALID_AT_ROOT
    cdef Py_ssize_t i, n = PyUnicode_GET_LENGTH(text)
    cdef int kind = PyUnicode_KIND(text)
    cdef const void* data = PyUnicode_DATA(text)
    cdef const unsigned char* ascii
    cdef int seen = 0
    cdef Py_UCS4 c
    if n and PyUnicode_READ(kind, data, n - 1) == u"\n":
        n -= 1
    if n and PyUnicode_IS_COMPACT_ASCII(text):
        ascii = <const unsigned char*>data
        for i in range(n):
            seen |= NAME_CHARACTERS[ascii[i]]
        if seen & IS_OTHER:
            flags = 0
        elif NAME_CHARACTERS[ascii[0]] & (IS_SLASH | IS_INNER):
            flags = VALID_IN_SCOPE
        if seen & IS_SLASH:
            flags |= HAS_SLASH
        if seen & IS_CAPITAL:
            flags |= HAS_CAPITALS
        return flags
    for i in range(n):
        c = PyUnicode_READ(kind, data, i)
        if (u"a" <= c <= u"z") or (u"0" <= c <= u"9") or c == u".":
            continue
        if u"A" <= c <= u"Z":
            flags |= HAS_CAPITALS
            continue
        if c == u"/":
            flags |= HAS_SLASH
        elif c != u"_" and c != u"\\" and c != u">" and c != u"-":
            flags &= HAS_SLASH | HAS_CAPITALS
            if c > 127:
                flags |= HAS_CAPITALS      # only lower() knows
            continue
        if i == 0:
            flags &= ~VALID_AT_ROOT
    if n == 0:
        flags &= ~VALID_AT_ROOT
    return flags


cdef inline bint ends_with_slash(str text) noexcept:
    cdef Py_ssize_t n = PyUnicode_GET_LENGTH(text)
    return n > 0 and PyUnicode_READ(PyUnicode_KIND(text), PyUnicode_DATA(text), n - 1) == u"/"


cdef inline bint has_slash(str text):
    if PyUnicode_IS_COMPACT_ASCII(text):
        return memchr(PyUnicode_DATA(text), 47, PyUnicode_GET_LENGTH(text)) != NULL
    return "/" in text


cdef Py_ssize_t suffix_start(str text):
    """Index of the digits of a canonical ``_k`` (k >= 1, no leading zero, fits an int), or -1."""
    cdef Py_ssize_t n = PyUnicode_GET_LENGTH(text), i = n
    cdef int kind = PyUnicode_KIND(text)
    cdef const void* data = PyUnicode_DATA(text)
    while i > 0 and u"0" <= PyUnicode_READ(kind, data, i - 1) <= u"9":
        i -= 1
    if (i == n or i < 2 or n - i > 9 or PyUnicode_READ(kind, data, i - 1) != u"_"
            or PyUnicode_READ(kind, data, i) == u"0"):
        return -1
    return i


cdef long long N_TABLES = 0


@cython.final
cdef class NameTable:
    """The names of one graph.

    *Thread-safety*: used under the GIL only.
    """

    def __cinit__(self):
        global N_TABLES
        N_TABLES += 1
        self.serial = N_TABLES
        self.strings = []
        self.paths = {}
        self.n_capacity = 64
        self.hashes = <Py_hash_t*>malloc(64 * sizeof(Py_hash_t))
        self.slots_mask = 127
        self.slots = <int*>malloc(128 * sizeof(int))
        self.lower = <int*>malloc(64 * sizeof(int))
        self.split_base = <int*>malloc(64 * sizeof(int))
        self.split_suffix = <int*>malloc(64 * sizeof(int))
        self.valid = <char*>malloc(64)
        self.n_entries_capacity = 64
        self.entries = <NameEntry*>malloc(64 * sizeof(NameEntry))
        self.table_mask = 127
        self.table = <int*>malloc(128 * sizeof(int))
        self.n_scopes_capacity = 32
        self.scopes = <Scope*>malloc(32 * sizeof(Scope))
        if (self.hashes == NULL or self.slots == NULL or self.lower == NULL or self.split_base == NULL
                or self.split_suffix == NULL or self.valid == NULL or self.entries == NULL or self.table == NULL
                or self.scopes == NULL):
            raise MemoryError()
        memset(self.table, 0xFF, 128 * sizeof(int))
        memset(self.slots, 0xFF, 128 * sizeof(int))
        self.intern("")
        self.entries[0] = NameEntry(-1, 0, 0, 0, 1, False)
        self.n_entries = 1
        self.scopes[0] = Scope(-1, 0, 0, 0, NULL, False, False)
        self.n_scopes = 1

    def __dealloc__(self):
        cdef int i
        for i in range(self.n_scopes):
            Py_XDECREF(self.scopes[i].prefix)
        free(self.hashes)
        free(self.slots)
        free(self.lower)
        free(self.split_base)
        free(self.split_suffix)
        free(self.valid)
        free(self.entries)
        free(self.table)
        free(self.scopes)

    cdef int intern(self, str text) except -1:
        """Index of a component."""
        cdef Py_hash_t h = hash(text)
        cdef int slot = h & self.slots_mask
        cdef int i = self.slots[slot]
        while i >= 0:
            if self.hashes[i] == h and <str>PyList_GET_ITEM(<PyObject*>self.strings, i) == text:
                return i
            slot = (slot + 1) & self.slots_mask
            i = self.slots[slot]
        return self.new_component(text, h, slot)

    cdef int new_component(self, str text, Py_hash_t h, int slot) except -1:
        """Index of a component that has not been here before; it is split and classified."""
        cdef int index = <int>len(self.strings)
        cdef int capacity, i
        cdef Py_ssize_t start
        if index == self.n_capacity:
            capacity = 2 * index
            self.hashes = <Py_hash_t*>grow(self.hashes, capacity * sizeof(Py_hash_t))
            self.lower = <int*>grow(self.lower, capacity * sizeof(int))
            self.split_base = <int*>grow(self.split_base, capacity * sizeof(int))
            self.split_suffix = <int*>grow(self.split_suffix, capacity * sizeof(int))
            self.valid = <char*>grow(self.valid, capacity)
            self.n_capacity = capacity
        self.strings.append(text)
        self.hashes[index] = h
        if 2 * index > self.slots_mask:
            self.slots_mask = 4 * self.slots_mask + 3
            self.slots = <int*>grow(self.slots, (<size_t>self.slots_mask + 1) * sizeof(int))
            memset(self.slots, 0xFF, (<size_t>self.slots_mask + 1) * sizeof(int))
            for i in range(index + 1):
                slot = self.hashes[i] & self.slots_mask
                while self.slots[slot] >= 0:
                    slot = (slot + 1) & self.slots_mask
                self.slots[slot] = i
        else:
            self.slots[slot] = index
        self.valid[index] = name_flags(text)
        self.split_base[index] = index
        self.split_suffix[index] = 0
        self.lower[index] = index
        # The calls below intern further strings and so may move the arrays: assign after each returns.
        start = suffix_start(text)
        cdef int other
        if start > 0:
            other = self.intern(text[:start - 1])
            self.split_base[index] = other
            self.split_suffix[index] = int(text[start:])
        cdef str lowered
        if self.valid[index] & HAS_CAPITALS:
            lowered = text.lower()
            if lowered != text:
                other = self.intern(lowered)
                self.lower[index] = other
        return index

    # ------------------------------------------------------------ the trie; bases here are lower-cased

    cdef int find(self, int parent, int base, int suffix) noexcept:
        """The entry of a component below `parent`, or -1."""
        cdef unsigned int h = name_hash(parent, base, suffix)
        cdef int slot = h & self.table_mask
        cdef int e = self.table[slot]
        while e >= 0:
            if (self.entries[e].base == base and self.entries[e].parent == parent
                    and self.entries[e].suffix == suffix):
                return e
            slot = (slot + 1) & self.table_mask
            e = self.table[slot]
        return -1

    cdef int obtain(self, int parent, int base, int suffix) except -1:
        """The entry of a component below `parent`, made when missing."""
        cdef NameEntry* last = &self.entries[self.obtained]
        if last.parent == parent and last.base == base and last.suffix == suffix:
            return self.obtained     # a scope is entered just after its name was made unique
        cdef int slot = name_hash(parent, base, suffix) & self.table_mask
        cdef int e = self.table[slot]
        while e >= 0:
            if (self.entries[e].base == base and self.entries[e].parent == parent
                    and self.entries[e].suffix == suffix):
                self.obtained = e
                return e
            slot = (slot + 1) & self.table_mask
            e = self.table[slot]
        cdef int stem
        if suffix > 0:
            stem = self.obtain(parent, base, 0)
            self.entries[stem].has_suffixed = True
        if self.n_entries == self.n_entries_capacity:
            self.n_entries_capacity *= 2
            self.entries = <NameEntry*>grow(self.entries, self.n_entries_capacity * sizeof(NameEntry))
        e = self.n_entries
        # A name of the implicit run is in use, with the counter TensorFlow gives generated names.
        self.entries[e] = NameEntry(parent, base, suffix,
                                    1 if suffix > 0 and suffix < self.entries[stem].limit else 0, 1, False)
        self.n_entries += 1
        if 2 * self.n_entries > self.table_mask:
            self.rehash()
        elif suffix > 0:
            self.place(e)            # the stem may have taken the slot
        else:
            self.table[slot] = e
        self.obtained = e
        return e

    cdef void place(self, int e) noexcept:
        cdef int slot = name_hash(self.entries[e].parent, self.entries[e].base, self.entries[e].suffix) & self.table_mask
        while self.table[slot] >= 0:
            slot = (slot + 1) & self.table_mask
        self.table[slot] = e

    cdef int rehash(self) except -1:
        cdef int size = 4 * (self.table_mask + 1)
        self.table = <int*>grow(self.table, size * sizeof(int))
        memset(self.table, 0xFF, size * sizeof(int))
        self.table_mask = size - 1
        cdef int e
        for e in range(1, self.n_entries):
            self.place(e)
        return 0

    cdef bint is_used(self, int parent, int base, int suffix) noexcept:
        """Whether a component below `parent` is a name in use (explicitly or in a run)."""
        cdef int e = self.find(parent, base, suffix)
        if e >= 0:
            return self.entries[e].counter > 0
        if suffix > 0:
            e = self.find(parent, base, 0)
            return e >= 0 and suffix < self.entries[e].limit
        return False

    cdef int unique(self, int scope, int component, bint mark, int* base, int* suffix) except -1:
        """TF's unique_name for one component (no "/") in `scope`; writes the component as (base, suffix)."""
        cdef int parent = self.scopes[scope].entry
        cdef int low = self.lower[component]
        cdef int low_base = self.split_base[low], low_suffix = self.split_suffix[low]
        cdef int e, i, k, stem, stem_low
        base[0] = self.split_base[component]
        suffix[0] = self.split_suffix[component]
        if not mark and not self.is_used(parent, low_base, low_suffix):
            return 0
        e = self.obtain(parent, low_base, low_suffix)
        i = self.entries[e].counter
        if mark:
            self.entries[e].counter = i + 1
        if i == 0:
            return 0
        # Generated names hang on the whole component: of "a_1" they are "a_1_1", "a_1_2", ...
        if low_suffix == 0:
            stem = e
            stem_low = low_base
        else:
            stem_low = low
            stem = self.obtain(parent, stem_low, 0)
        k = i
        if self.entries[stem].has_suffixed or k < self.entries[stem].limit:
            while self.is_used(parent, stem_low, k):
                k += 1
        base[0] = component
        suffix[0] = k
        if mark:
            if k == self.entries[stem].limit and not (
                    self.entries[stem].has_suffixed and self.find(parent, stem_low, k) >= 0):
                self.entries[stem].limit = k + 1
            else:
                e = self.obtain(parent, stem_low, k)
                self.entries[e].counter = 1
        return 0

    cdef int take(self, int parent, int base, int suffix) except -1:
        """Mark the name of a component below `parent` as used, as it is; it may be in use already."""
        cdef int e = self.find(parent, base, suffix), stem
        if e < 0 and suffix > 0:
            stem = self.obtain(parent, base, 0)
            if suffix < self.entries[stem].limit:
                return 0
            if suffix == self.entries[stem].limit:
                self.entries[stem].limit = suffix + 1
                return 0
        if e < 0:
            e = self.obtain(parent, base, suffix)
        if self.entries[e].counter == 0:
            self.entries[e].counter = 1
        return 0

    # ------------------------------------------------------------ scopes

    cdef int new_scope(self, int parent, int base, int suffix, int entry) except -1:
        if self.n_scopes == self.n_scopes_capacity:
            self.n_scopes_capacity *= 2
            self.scopes = <Scope*>grow(self.scopes, self.n_scopes_capacity * sizeof(Scope))
        self.scopes[self.n_scopes] = Scope(parent, base, suffix, entry, NULL, False, False)
        self.n_scopes += 1
        return self.n_scopes - 1

    cdef int child_scope(self, int scope, str component) except -1:
        """A scope for a component below `scope` that is taken as it is: not made unique, not marked."""
        cdef int index = self.intern(component)
        cdef int low = self.lower[index]
        cdef int entry = self.obtain(self.scopes[scope].entry, self.split_base[low], self.split_suffix[low])
        return self.new_scope(scope, self.split_base[index], self.split_suffix[index], entry)

    cdef int scope_of_path(self, str path) except -1:
        """A scope with this path from the root."""
        cdef int scope = 0
        cdef str component
        if not path:
            return 0
        cdef PyObject* found = PyDict_GetItem(self.paths, path)
        if found != NULL:
            return <int>PyLong_AsLong(<object>found)
        for component in path.split("/"):
            scope = self.child_scope(scope, component)
        self.scopes[scope].by_path = True
        self.paths[path] = scope
        return scope

    cdef str scope_prefix(self, int scope):
        """What the names in a scope begin with: "a/b/", or "" at the root."""
        if scope == 0:
            return ""
        # A name may have any number of components: a loop up to the first scope whose path is known.
        cdef Scope* s = &self.scopes[scope]
        cdef int above = s.parent, n_unknown = 0
        if s.prefix == NULL:
            while above > 0 and self.scopes[above].prefix == NULL and n_unknown < 64:
                above = self.scopes[above].parent
                n_unknown += 1
            if n_unknown < 64:
                prefix = joined(self.scope_prefix(s.parent), <str>self.strings[s.base], s.suffix, True)
            else:
                prefix = self.long_prefix(scope)
            Py_INCREF(prefix)
            self.scopes[scope].prefix = <PyObject*>prefix
            return prefix
        return <str>s.prefix

    cdef str long_prefix(self, int scope):
        """`scope_prefix` of a scope far below those whose prefix is known: without recursion, keeping none between."""
        cdef list parts = [""]
        cdef str part
        while scope > 0 and self.scopes[scope].prefix == NULL:
            part = <str>self.strings[self.scopes[scope].base]
            parts.append(joined("", part, self.scopes[scope].suffix, False))
            scope = self.scopes[scope].parent
        parts.reverse()
        return self.scope_prefix(scope) + "/".join(parts)

    cdef str scope_path(self, int scope):
        """The full name of a scope, "a/b"."""
        return self.scope_prefix(scope)[:-1] if scope else ""

    cdef str spell(self, int scope, int base, int suffix):
        """The full name of a component in `scope`."""
        return joined(self.scope_prefix(scope), <str>self.strings[base], suffix, False)


cdef str joined(str prefix, str component, int suffix, bint slash):
    """`prefix`, then the component with its suffix, and a slash if wanted."""
    cdef Py_ssize_t n = PyUnicode_GET_LENGTH(prefix), m = PyUnicode_GET_LENGTH(component), end
    cdef int digits = 0, rest = suffix
    cdef char* out
    if suffix <= 0 and not slash and n == 0:
        return component
    if not (PyUnicode_IS_COMPACT_ASCII(prefix) and PyUnicode_IS_COMPACT_ASCII(component)):
        if suffix > 0:
            component = f"{component}_{suffix}"
        return f"{prefix}{component}/" if slash else prefix + component
    while rest > 0:
        digits += 1
        rest //= 10
    end = n + m + (digits + 1 if digits else 0) + slash
    text = PyUnicode_New(end, 127)
    out = <char*>PyUnicode_DATA(text)
    memcpy(out, PyUnicode_DATA(prefix), n)
    memcpy(out + n, PyUnicode_DATA(component), m)
    if slash:
        end -= 1
        out[end] = c"/"
    if suffix > 0:
        out[n + m] = c"_"
        rest = suffix
        while rest > 0:
            end -= 1
            out[end] = c"0" + rest % 10
            rest //= 10
    return <str>text


@cython.overflowcheck(False)         # a hash wraps around
cdef inline unsigned int name_hash(int parent, int base, int suffix) noexcept nogil:
    # Names come in runs, of suffixes, scopes or new components: sixteen that follow each other share a cache line.
    cdef unsigned long long h = (<unsigned long long>(parent >> 4) * 0x9E3779B97F4A7C15ull
                                 + <unsigned long long>(base >> 4) * 0xC2B2AE3D27D4EB4Full
                                 + <unsigned long long>(suffix >> 4) * 0x165667B19E3779F9ull)
    h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9ull >> 32
    return (<unsigned int>h << 4) | (<unsigned int>(parent + base + suffix) & 15)


cdef void* grow(void* block, size_t size) except NULL:
    cdef void* bigger = realloc(block, size)
    if bigger == NULL:
        raise MemoryError("no memory for a larger graph")
    return bigger
