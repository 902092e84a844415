import subprocess
import sys

import pytest
import recorded

from pyscope import config

NEED_PROTOBUF = ("SerializeToString", "FromString", "ByteSize")


@pytest.mark.parametrize("line, expected", recorded.load("config"))
def test_as_tensorflow(line, expected):
    if any(name in line for name in NEED_PROTOBUF):
        pytest.importorskip("google.protobuf")
    assert recorded.evaluate(line, {"tf": config}) == expected


def test_needs_no_protobuf():
    program = (
        "import sys; from pyscope import config; "
        "c = config.ConfigProto(gpu_options={'allow_growth': True}); c.device_count['CPU'] = 1; repr(c); "
        "sys.exit('google.protobuf' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_wire_format_and_back():
    pytest.importorskip("google.protobuf")
    metadata = config.RunMetadata()
    node = metadata.step_stats.dev_stats.add(device="/cpu:0").node_stats.add(node_name="a", thread_id=3)
    node.memory.add(allocator_name="cpu", peak_bytes=2**40)
    metadata.step_stats.dev_stats[0].thread_names[7] = "worker"
    metadata.partition_graphs.add().node.add(name="x").attr["T"].type = 1
    assert config.RunMetadata.FromString(metadata.SerializeToString()) == metadata


def test_parse_rejects_garbage():
    message = pytest.importorskip("google.protobuf.message")
    with pytest.raises(message.DecodeError):
        config.ConfigProto().ParseFromString(b"zzz")


def test_member_of_a_oneof_replaces_the_others():
    attr = config.RunMetadata().partition_graphs.add().node.add().attr["x"]
    attr.i = 0
    assert attr.WhichOneof("value") == "i" and attr.HasField("i")
    attr.list.s.append(b"a")
    assert attr.WhichOneof("value") == "list" and not attr.HasField("i")


def test_only_its_own_names():
    assert not hasattr(config, "GraphDef") and not hasattr(config, "Nonsense")
