"""Control flow: grouping, conditionals and loops."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "control_flow.basic": "group no_op tuple with_dependencies",
    "control_flow.cond": "cond",
    "control_flow.while_loop": "while_loop",
})
