"""Control flow: grouping, conditionals, loops and assertions."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "control_flow.basic": "group no_op tuple with_dependencies",
    "control_flow.cond": "cond",
    "control_flow.case": "case switch_case",
    "control_flow.while_loop": "while_loop",
    "control_flow.assertion": "Assert",
})
