# A table from bytes to small numbers, for what a message repeats: names, op types, attributes.

cdef struct TableKey:
    Slice text
    int owner                    # equal bytes of different owners are different keys
    unsigned int hash
    int value

cdef struct TableSlot:
    unsigned int hash
    int index                    # of the key; -1: free


@cython.final
@cython.no_gc
cdef class SliceTable:
    """Numbers under borrowed bytes: open addressing, no deletion; the bytes must outlive the table."""

    cdef TableKey* keys
    cdef TableSlot* slots
    cdef int n, capacity, mask

    def __cinit__(self, int expected=16):
        self.capacity = max(expected, 16)
        self.mask = 31
        while self.mask < 2 * self.capacity:
            self.mask = 2 * self.mask + 1
        self.keys = <TableKey*>malloc(self.capacity * sizeof(TableKey))
        self.slots = <TableSlot*>malloc((self.mask + 1) * sizeof(TableSlot))
        if self.keys == NULL or self.slots == NULL:
            raise MemoryError()
        memset(self.slots, 0xFF, (self.mask + 1) * sizeof(TableSlot))

    def __dealloc__(self):
        free(self.keys)
        free(self.slots)

    cdef int find(self, Slice text, int owner=0) noexcept:
        """The number under `text`, or -1."""
        cdef unsigned int h = slice_hash(text, owner)
        cdef int slot = h & self.mask, i = self.slots[slot].index
        while i >= 0:
            if (self.slots[slot].hash == h and self.keys[i].text.n == text.n and self.keys[i].owner == owner
                    and memcmp(self.keys[i].text.data, text.data, text.n) == 0):
                return self.keys[i].value
            slot = (slot + 1) & self.mask
            i = self.slots[slot].index
        return -1

    cdef int add(self, Slice text, int value, int owner=0) except -1:
        """Put `value` under bytes that are not there yet."""
        cdef int i
        if self.n == self.capacity:
            self.capacity *= 2
            self.mask = 2 * self.mask + 1
            self.keys = <TableKey*>grow(self.keys, self.capacity * sizeof(TableKey))
            self.slots = <TableSlot*>grow(self.slots, (self.mask + 1) * sizeof(TableSlot))
            memset(self.slots, 0xFF, (self.mask + 1) * sizeof(TableSlot))
            for i in range(self.n):
                self.place(i)
        self.keys[self.n] = TableKey(text, owner, slice_hash(text, owner), value)
        self.n += 1
        self.place(self.n - 1)
        return 0

    cdef void place(self, int i) noexcept:
        cdef unsigned int h = self.keys[i].hash
        cdef int slot = h & self.mask
        while self.slots[slot].index >= 0:
            slot = (slot + 1) & self.mask
        self.slots[slot] = TableSlot(h, i)


@cython.overflowcheck(False)         # a hash wraps around
cdef inline unsigned int slice_hash(Slice s, int owner) noexcept nogil:
    cdef unsigned long long h = 0x9E3779B97F4A7C15ull ^ <unsigned long long>s.n ^ <unsigned long long>owner << 32, word
    cdef Py_ssize_t i = 0
    while i + 8 <= s.n:
        memcpy(&word, s.data + i, 8)
        h = (h ^ word) * 0xC2B2AE3D27D4EB4Full
        h ^= h >> 32
        i += 8
    if i < s.n:
        word = 0
        memcpy(&word, s.data + i, s.n - i)
        h = (h ^ word) * 0xC2B2AE3D27D4EB4Full
        h ^= h >> 32
    h *= 0x165667B19E3779F9ull
    return <unsigned int>(h >> 32)
