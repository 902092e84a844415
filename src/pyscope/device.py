"""Device names: parsing, merging, and the functions that `tf.device` turns them into."""

_KINDS = {"CPU", "GPU", "TPU"}


class DeviceSpec:
    """A (partial) device name: job, replica, task, device type and index.

    Raises
    ------
    ValueError
        From `from_string`, for a name that is none.
    """

    __slots__ = ("job", "replica", "task", "device_type", "device_index")

    def __init__(self, job=None, replica=None, task=None, device_type=None, device_index=None):
        self.job = job
        self.replica = None if replica is None else int(replica)
        self.task = None if task is None else int(task)
        known = isinstance(device_type, str) and device_type.upper() in _KINDS
        self.device_type = device_type.upper() if known else device_type
        self.device_index = None if device_index is None else int(device_index)

    @classmethod
    def from_string(cls, spec):
        """The spec that a name such as ``"/job:worker/task:3/device:GPU:0"`` stands for."""
        return cls().parse_from_string(spec)

    def parse_from_string(self, spec):
        """Set this spec's fields from a name; returns self."""
        if not isinstance(spec, str):
            from .errors import ArgumentTypeError

            raise ArgumentTypeError(f"A device is a string, a DeviceSpec, a function or None, not {spec!r}")
        for field in self.__slots__:
            setattr(self, field, None)
        for part in [p.split(":") for p in spec.split("/")]:
            length = len(part)
            if length == 2 and part[0] == "job":
                self.job = part[1]
            elif length == 2 and part[0] == "replica":
                self.replica = int(part[1])
            elif length == 2 and part[0] == "task":
                self.task = int(part[1])
            elif (length in (1, 2)) and part[0].upper() in _KINDS:
                if self.device_type is not None:
                    raise ValueError(f"Multiple device types are not allowed while parsing the device spec: {spec}.")
                self.device_type = part[0].upper()
                if length == 2 and part[1] != "*":
                    self.device_index = int(part[1])
            elif length == 3 and part[0] == "device":
                if self.device_type is not None:
                    raise ValueError(f"Multiple device types are not allowed while parsing the device spec: {spec}.")
                self.device_type = part[1]
                if part[2] != "*":
                    self.device_index = int(part[2])
            elif part[0] != "":
                raise ValueError(f"Unknown attribute '{part[0]}' is encountered while parsing the device spec: "
                                 f"'{spec}'.")
        return self

    def to_string(self):
        """The name of this spec."""
        text = ""
        if self.job is not None:
            text += f"/job:{self.job}"
        if self.replica is not None:
            text += f"/replica:{self.replica}"
        if self.task is not None:
            text += f"/task:{self.task}"
        if self.device_type is not None:
            index = "*" if self.device_index is None else self.device_index
            text += f"/device:{self.device_type}:{index}"
        return text

    def merged_over(self, other):
        """This spec with what it leaves open taken from `other`."""
        job, replica, task, kind, index = (getattr(self, f) for f in self.__slots__)
        return DeviceSpec(other.job if job is None else job,
                          other.replica if replica is None else replica,
                          other.task if task is None else task,
                          other.device_type if kind is None else kind,
                          other.device_index if kind is None and index is None else index)

    def __eq__(self, other):
        return isinstance(other, DeviceSpec) and all(
            getattr(self, f) == getattr(other, f) for f in self.__slots__)

    def __hash__(self):
        return hash(self.to_string())

    def __str__(self):
        return self.to_string()

    def __repr__(self):
        return f"DeviceSpec({self.to_string()!r})"


def canonical_name(device):
    """The full spelling of a device name or spec; "" for None."""
    if device is None:
        return ""
    if isinstance(device, DeviceSpec):
        return device.to_string()
    return DeviceSpec.from_string(device).to_string()


class MergeDevice:
    """A device function that fills the open fields of an operation's device from a spec."""

    def __init__(self, spec):
        self.spec = spec if isinstance(spec, DeviceSpec) else DeviceSpec.from_string("" if spec is None else spec)
        self.is_null_merge = not bool(self.spec.to_string())

    def __call__(self, node):
        device = node.device if not isinstance(node, str) else node
        if not device:
            return self.spec.to_string()
        return DeviceSpec.from_string(device).merged_over(self.spec).to_string()


def merge_device(spec):
    """A device function for ``tf.device`` that merges `spec` under what is set already."""
    return MergeDevice(spec)
