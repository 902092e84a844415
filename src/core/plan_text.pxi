# Plans as text: what runs in which order, where its results go, and what that takes as far as static shapes tell.

cdef str plan_text(Plan plan):
    """A page about a plan."""
    cdef Graph g = plan.graph
    cdef Step* step
    cdef Step* member
    cdef vp_program* program
    cdef int s = 0, k, i, register
    cdef list lines = [], names
    cdef dict sizes = {}         # register -> bytes, or None where no static shape tells
    cdef long long live = 0, peak = 0
    cdef bint certain = True
    cdef object flops = 0, more, reused
    for k in range(plan.n_feeds):
        lines.append(f"  feed      r{plan.feed_registers[k]:<4} {output_text(g, plan.feed_outputs[k])}")
    for register, value in plan.constants:
        text = "object"
        if isinstance(value, np.ndarray):
            text = f"{value.dtype} {shape_text(value.shape)}, {value.nbytes} bytes"
        lines.append(f"  constant  r{register:<4} {text}")
    while s < plan.n_steps:
        step = &plan.steps[s]
        s += 1
        reused = set()
        if step.kind == STEP_FUSED:
            names = []
            made = {step.fused.made[k].register for k in range(step.fused.n_made)}
            for i in range(1, step.fused.n_steps + 1):
                more = flops_of(plan, &step[i])
                flops = None if flops is None or more is None else flops + more
                names.append(f"{op_type_of(plan, &step[i]).type} {g.node_name(step[i].node)}")
            if step.fused.joined != NULL:
                text = None
            elif step.fused.n_calls == 1 and step.fused.calls[0].program != NULL:
                program = step.fused.calls[0].program
                text = (f"{program.set.tile} elements at a time in registers, {program.n_instructions} instructions, "
                        f"{program.n_slots} buffers")
            else:
                text = f"{step.fused.block} elements at a time, {step.fused.n_slots} buffers"
            lines.append(f"  joined    {len(names)} operations" if text is None
                         else f"  together  {len(names)} operations, {text}")
            for i in range(1, step.fused.n_steps + 1):
                member = &step[i]
                reused = set()
                if member.first_out in made:
                    target = f"r{member.first_out:<4}"
                    live += note_bytes(plan, step, member, sizes, reused, &certain)
                else:
                    target = "     "
                lines.append(f"    {target}   {names[i - 1]}{place_text(plan, member, reused)}")
            s += step.fused.n_steps
        else:
            more = flops_of(plan, step)
            flops = None if flops is None or more is None else flops + more
            live += note_bytes(plan, step, step, sizes, reused, &certain)
            with_ = "".join([f" with {type_} {name}" for type_, name in joined_names(plan, step) or ()])
            target = " ".join([f"r{step.first_out + k}" for k in range(step.n_out)]) or "-"
            lines.append(f"  step      {target:<5} {op_type_of(plan, step).type} {g.node_name(step.node)}{with_}"
                         f"{place_text(plan, step, reused)}")
        peak = max(peak, live)
        for k in range(step.first_in, step.first_in + step.n_in):
            if plan.in_flags[k] & INPUT_LAST:
                live -= sizes.pop(plan.in_registers[k], 0) or 0
    for k in range(plan.n_fetches):
        lines.append(f"  fetch     r{plan.fetch_registers[k]}")
    head = [f"{plan.n_steps} steps, {plan.n_registers} registers, {len(plan.constants)} constants",
            f"at most {peak} bytes at a time{'' if certain else ' and what has no static shape'}; "
            f"{'unknown' if flops is None else flops} floating point operations"]
    return "\n".join(head + lines)


cdef str output_text(Graph g, int output):
    dims = SHAPE_TUPLES[g.outputs[output].shape]
    shape = "?" if dims is None else shape_text(dims)
    return f"{DTYPES[g.outputs[output].dtype].name} {shape} {g.tensor(output).name}"


cdef str place_text(Plan plan, Step* step, set reused):
    """What a step reads, what dies by it, and what it makes."""
    cdef int k
    cdef Node* n = &plan.graph.nodes[step.node]
    cdef list reads = [f"r{plan.in_registers[k]}{'!' if plan.in_flags[k] & INPUT_LAST else ''}"
                       for k in range(step.first_in, step.first_in + step.n_in)]
    text = f"({', '.join(reads)})"
    for k in range(n.n_outputs):
        dims = SHAPE_TUPLES[plan.graph.outputs[n.first_output + k].shape]
        dtype = DTYPES[plan.graph.outputs[n.first_output + k].dtype].name
        text += f"{' ->' if k == 0 else ','} {dtype} {'?' if dims is None else shape_text(dims)}"
    for k in reused:
        text += f" in place of r{k}"
    return text


cdef object bytes_of(Graph g, int output):
    """Bytes of a value by its static shape; None where that does not tell."""
    cdef int type_number = numpy_type(g.outputs[output].dtype)
    dims = SHAPE_TUPLES[g.outputs[output].shape]
    if dims is None or None in dims or type_number < 0:
        return None
    size = cnp.PyArray_DescrFromType(type_number).itemsize
    for d in dims:
        size *= d
    return size


cdef long long note_bytes(Plan plan, Step* group, Step* step, dict sizes, set reused, bint* certain) except? -1:
    """Note the bytes that a step's outputs take, in place of an input of `group` that dies where that may be."""
    cdef Node* n = &plan.graph.nodes[step.node]
    cdef long long added = 0
    cdef int k, i, register
    for k in range(step.n_out):
        size = bytes_of(plan.graph, n.first_output + k)
        if size is None:
            certain[0] = False
        elif step.kind == STEP_UFUNC or group.kind == STEP_FUSED and group.fused.joined == NULL:
            for i in range(group.first_in, group.first_in + group.n_in):
                register = plan.in_registers[i]
                if (plan.in_flags[i] == INPUT_LAST and sizes.get(register) == size
                        and plan.types[register] == plan.types[step.first_out]):
                    del sizes[register]
                    reused.add(register)
                    added -= size
                    break
        sizes[step.first_out + k] = size
        added += size or 0
    return added


cdef object flops_of(Plan plan, Step* step):
    """Floating point operations of a step by static shapes: of products, and one for each element of what is made."""
    cdef Graph g = plan.graph
    cdef Node* n = &g.nodes[step.node]
    cdef str name = op_type_of(plan, step).type
    cdef int k
    cdef object count
    if n.n_outputs == 0:
        return 0
    dims = SHAPE_TUPLES[g.outputs[n.first_output].shape]
    if dims is None or None in dims:
        return None
    count = max(1, n.n_inputs - 1) if name == "AddN" else 1
    if name in ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"):
        inner = SHAPE_TUPLES[g.outputs[g.edges[n.first_edge]].shape]
        if not inner or None in inner[-2:]:
            return None
        flipped = g.operation(step.node)._attr("transpose_a" if name == "MatMul" else "adj_x")[1]
        count = 2 * inner[-2 if flipped else -1]
    elif name == "Conv2D":
        window = SHAPE_TUPLES[g.outputs[g.edges[n.first_edge + 1]].shape]
        if not window or None in window:
            return None
        count = 2 * window[0] * window[1] * window[2]
    elif step.kind == STEP_IDENTITY or name == "Reshape":
        return 0
    for d in dims:
        count *= d
    return count
