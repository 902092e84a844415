"""``tf.flags``: command line flags, defined by name and read as attributes of `FLAGS`.

They parse, complain and print their help as TensorFlow's, which are Abseil's; reading a flag parses
``sys.argv`` when nothing has done so before.
"""

import sys

__all__ = [
    "DEFINE_bool",
    "DEFINE_boolean",
    "DEFINE_enum",
    "DEFINE_float",
    "DEFINE_integer",
    "DEFINE_list",
    "DEFINE_multi_enum",
    "DEFINE_multi_float",
    "DEFINE_multi_integer",
    "DEFINE_multi_string",
    "DEFINE_spaceseplist",
    "DEFINE_string",
    "DuplicateFlagError",
    "Error",
    "FLAGS",
    "Flag",
    "FlagHolder",
    "FlagValues",
    "IllegalFlagValueError",
    "UnparsedFlagAccessError",
    "UnrecognizedFlagError",
    "ValidationError",
    "adopt_module_key_flags",
    "declare_key_flag",
    "disclaim_key_flags",
    "mark_bool_flags_as_mutual_exclusive",
    "mark_flag_as_required",
    "mark_flags_as_mutual_exclusive",
    "mark_flags_as_required",
    "multi_flags_validator",
    "register_multi_flags_validator",
    "register_validator",
    "set_default",
    "validator",
]


class Error(Exception):
    """What is wrong with flags or with a command line."""


class DuplicateFlagError(Error):
    """Two flags of one name."""


class IllegalFlagValueError(Error):
    """A value its flag does not take."""


class UnrecognizedFlagError(Error):
    """A flag on the command line, or set, that was not defined."""

    def __init__(self, flagname, flagvalue="", suggestions=None):
        self.flagname = flagname
        self.flagvalue = flagvalue
        hint = f". Did you mean: {', '.join(suggestions)} ?" if suggestions else ""
        super().__init__(f"Unknown command line flag '{flagname}'{hint}")


class UnparsedFlagAccessError(Error):
    """A flag was read before the command line was parsed; `FLAGS` parses it instead."""


class ValidationError(Error):
    """What a validator may raise to say why it refuses a value."""


# Parsers: text, or a value given as default, to a value; ValueError or TypeError when it is none.


def _parse_string(argument):
    if not isinstance(argument, str):
        raise TypeError(f'flag value must be a string, found "{type(argument)}"')
    return argument


def _parse_boolean(argument):
    if isinstance(argument, str):
        if argument.lower() in ("true", "t", "1"):
            return True
        if argument.lower() in ("false", "f", "0"):
            return False
    elif argument in (0, 1):
        return bool(argument)
    raise ValueError("Non-boolean argument to boolean flag", argument)


def _to_int(argument):
    if isinstance(argument, str):
        prefix = argument[:2]
        return int(argument, 16 if prefix == "0x" else 8 if prefix == "0o" else 10)
    if isinstance(argument, int) and not isinstance(argument, bool):
        return argument
    raise TypeError(f"Expect argument to be a string or int, found {type(argument)}")


def _to_float(argument):
    if isinstance(argument, (str, int, float)) and not isinstance(argument, bool):
        return float(argument)
    raise TypeError(f"Expect argument to be a string, int, or float, found {type(argument)}")


class _NumberParser:
    def __init__(self, convert, article, noun, lower, upper):
        self.convert, self.lower, self.upper = convert, lower, upper
        integer = convert is _to_int
        text = f"{article} {noun}"
        if lower is not None and upper is not None:
            text = f"{text} in the range [{lower}, {upper}]"
        elif lower is not None:
            known = {0: f"a non-negative {noun}"} | ({1: f"a positive {noun}"} if integer else {})
            text = known.get(lower, f"{noun} >= {lower}")
        elif upper is not None:
            known = {0: f"a non-positive {noun}"} | ({-1: f"a negative {noun}"} if integer else {})
            text = known.get(upper, f"{noun} <= {upper}")
        self.help = text

    def __call__(self, argument):
        value = self.convert(argument)
        if not self.accepts(value):
            raise ValueError(f"{value} is not {self.help}")
        return value

    def accepts(self, value):
        return not (self.lower is not None and value < self.lower or self.upper is not None and value > self.upper)


def _enum_parser(values, case_sensitive):
    if not values:
        raise ValueError("enum_values cannot be empty.")

    def parse(argument):
        wanted = argument if case_sensitive else argument.lower()
        for value in values:
            if wanted == (value if case_sensitive else value.lower()):
                return value
        raise ValueError(f"value should be one of <{'|'.join(values)}>")

    return parse


def _parse_list(argument):
    if isinstance(argument, (list, tuple)):
        return list(argument)
    if not argument:
        return []
    import csv

    try:
        return [item.strip() for item in next(csv.reader([argument], strict=True))]
    except csv.Error as error:
        raise ValueError(f"Unable to parse the value {argument!r} as a comma separated list: {error}") from None


def _parse_words(argument):
    return list(argument) if isinstance(argument, (list, tuple)) else (argument or "").split()


def _join_list(values):
    import csv
    import io

    text = io.StringIO()
    csv.writer(text).writerow([str(value) for value in values])
    return text.getvalue().strip()


class Flag:
    """One flag: its name, value, default, help text, and how often the command line gave it (`present`)."""

    def __init__(self, name, default, help, parse, *, hint="", serialize=str, boolean=False, multi=False, short=None):
        self.name, self.short_name, self.boolean, self.multi = name, short, boolean, multi
        self.help = help or "(no help available)"
        if multi:
            self.help += ";\n repeat this option to specify a list of values"
        self.parser, self.hint, self._serialize = parse, hint, serialize
        self.validators = []
        self.set_default(default)

    def set_default(self, default):
        """Another default, which is the value too unless the command line gave one."""
        self.default = None if default is None else self._parsed(default)
        if getattr(self, "using_default_value", True):
            self.unparse()

    def unparse(self):
        """Back to the default."""
        self.value = list(self.default) if isinstance(self.default, list) else self.default
        self.using_default_value, self.present = True, 0

    def parse(self, argument):
        """Take the text of a command line argument; raises `IllegalFlagValueError`."""
        value = self._parsed(argument)
        self.value = self.value + value if self.multi and self.present else value
        self.present += 1
        self.using_default_value = False

    def _parsed(self, argument):
        try:
            if self.multi:
                given = argument if isinstance(argument, (list, tuple)) else [argument]
                return [self.parser(item) for item in given]
            return self.parser(argument)
        except (TypeError, ValueError) as error:
            raise IllegalFlagValueError(f"flag --{self.name}={argument}: {error}") from None

    def serialize(self):
        """The flag as the command line would give it."""
        if self.value is None:
            return ""
        if self.boolean:
            return f"--{self.name}" if self.value else f"--no{self.name}"
        values = self.value if self.multi else [self.value]
        return "\n".join(f"--{self.name}={self._serialize(value)}" for value in values)

    @property
    def default_as_str(self):
        """The default as help shows it, or None."""
        if self.default is None:
            return None
        if self.boolean:
            return repr("true" if self.default else "false")
        return repr(str(self.default) if self.multi else self._serialize(self.default))


class FlagHolder:
    """What a ``DEFINE_`` function returns: reads one flag without naming it again."""

    def __init__(self, flag_values, flag):
        self._flag_values, self._flag = flag_values, flag

    name = property(lambda self: self._flag.name)
    value = property(lambda self: getattr(self._flag_values, self._flag.name))
    default = property(lambda self: self._flag.default)
    present = property(lambda self: self._flag.present)

    def __bool__(self):
        raise TypeError("bool() not supported for instances of type 'FlagHolder' (did you mean to use '.value'?)")


class FlagValues:
    """Flags by name. A call parses a command line; attributes are the values, items the `Flag` objects."""

    def __init__(self):
        # In __dict__ directly: attributes set on a FlagValues are flags.
        self.__dict__.update(_flags={}, _modules={}, _validators=[], _parsed=False)

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if not self._parsed:
            self(sys.argv)
        if name not in self._flags:
            raise AttributeError(name)
        return self._flags[name].value

    def __setattr__(self, name, value):
        flag = self._flags.get(name)
        if flag is None:
            raise UnrecognizedFlagError(name, value)
        before, flag.value = flag.value, value
        try:
            self._validate([flag])
        except Exception:
            flag.value = before
            raise
        flag.using_default_value = False

    def __delattr__(self, name):
        if name not in self._flags:
            raise AttributeError(name)
        flag = self._flags.pop(name)
        for other in (flag.name, flag.short_name):
            if other is not None and self._flags.get(other) is flag:
                del self._flags[other]
        for names in self._modules.values():
            names.pop(flag, None)

    def __getitem__(self, name):
        return self._flags[name]

    def __contains__(self, name):
        return name in self._flags

    def __iter__(self):
        return iter(sorted(self._flags))

    def __len__(self):
        return len(self._flags)

    def __dir__(self):
        return sorted(self._flags)

    def __call__(self, argv, known_only=False):
        """Parse `argv`, program first; returns what is left: the program and the arguments that are no flags.

        Raises
        ------
        UnrecognizedFlagError
            For a flag nobody defined, unless `known_only`: it is returned with the rest then.
        IllegalFlagValueError
            For a value that a flag, or a validator, does not take.
        """
        if isinstance(argv, (str, bytes)):
            raise TypeError("argv should be a tuple/list of strings, not bytes or string.")
        if not argv:
            raise ValueError("argv cannot be an empty list, and must contain the program name as the first element.")
        unknown, rest = self._parse(self.read_flags_from_files(argv[1:]), known_only)
        if unknown:
            raise UnrecognizedFlagError(unknown[0], suggestions=_suggestions(unknown[0], list(self)))
        self.__dict__["_parsed"] = True
        self._validate()
        return [argv[0], *rest]

    def _parse(self, arguments, known_only):
        left, allowed = [], set()
        arguments = iter(arguments)
        for argument in arguments:
            if argument == "--":
                left += [(None, argument)] if known_only else []
                break
            name, equals, value = argument[2 if argument[:2] == "--" else 1 :].partition("=")
            if not argument.startswith("-") or not name:
                left.append((None, argument))
                continue
            flag = self._flags.get(name)
            if flag is None and name != "undefok":
                flag = self._flags.get(name[2:]) if name.startswith("no") else None
                if flag is None or not flag.boolean:
                    left.append((name, argument))
                    continue
                if equals:
                    raise ValueError(f"{argument} does not take an argument")
                value = "false"
            elif not equals:
                value = "true" if flag is not None and flag.boolean else next(arguments, None)
                if value is None:
                    raise Error(f"Missing value for flag {argument}")
            if flag is None:
                allowed.update(prefix + item.strip() for item in value.split(",") for prefix in ("", "no"))
            else:
                flag.parse(value)
        left = [(name, argument) for name, argument in left if name is None or name not in allowed]
        unknown = [] if known_only else [name for name, _ in left if name is not None]
        return unknown, [argument for _, argument in left] + list(arguments)

    def read_flags_from_files(self, arguments):
        """The arguments with each ``--flagfile=path`` replaced by the flags in that file, a flag a line."""
        given, result = list(arguments), []
        while given:
            argument = given.pop(0)
            option, equals, path = argument.partition("=")
            if option not in ("--flagfile", "-flagfile"):
                result.append(argument)
                if argument == "--":
                    break
                continue
            if not equals:
                if not given:
                    raise IllegalFlagValueError("--flagfile with no argument")
                path = given.pop(0)
            with open(path) as file:
                lines = [line.strip() for line in file]
            result += self.read_flags_from_files([x for x in lines if x and not x.startswith(("#", "//"))])
        return result + given

    def _validate(self, flags=None):
        for flag in flags or list(self._flags.values()):
            for check in flag.validators:
                check(flag)
        for names, check in self._validators:
            if flags is None or any(self._flags[name] in flags for name in names):
                check({name: self._flags[name].value for name in names})

    def _define(self, flag, module=None):
        """Add `flag` as one of `module`; returns its `FlagHolder`."""
        module = _calling_module() if module is None else module
        for name in (flag.name, flag.short_name):
            if name is None:
                continue
            other = self._flags.get(name)
            if other is not None:
                first = next((key for key, owned in self._modules.items() if other in owned), "<unknown>")
                raise DuplicateFlagError(
                    f"The flag '{name}' is defined twice. First from {first}, second from {module}. "
                    f"Description from first occurrence: {other.help}"
                )
            self._flags[name] = flag
        self._modules.setdefault(module, {})[flag] = True
        return FlagHolder(self, flag)

    def is_parsed(self):
        """Whether a command line has been parsed."""
        return self._parsed

    def mark_as_parsed(self):
        """Read the defaults, and what was set, without parsing a command line."""
        self.__dict__["_parsed"] = True

    def unparse_flags(self):
        """Back to the defaults; the next read parses again."""
        for flag in self._flags.values():
            flag.unparse()
        self.__dict__["_parsed"] = False

    def set_default(self, name, value):
        """Give a flag another default."""
        if name not in self._flags:
            raise UnrecognizedFlagError(name, value)
        self._flags[name].set_default(value)
        self._validate([self._flags[name]])

    def get_flag_value(self, name, default):
        """The value of a flag, or `default` when it is None or there is no such flag."""
        value = getattr(self, name, None)
        return default if value is None else value

    def flag_values_dict(self):
        """Name to value."""
        return {name: flag.value for name, flag in self._flags.items()}

    def flags_into_string(self):
        """All flags as the lines of a flag file."""
        flags = [flag for owned in self._modules.values() for flag in sorted(owned, key=lambda flag: flag.name)]
        return "".join(flag.serialize() + "\n" for flag in flags if flag.value is not None)

    def main_module_help(self):
        """Help on the flags of the program itself."""
        main = sys.argv[0]
        return self._help([main] if main in self._modules else [])

    def get_help(self):
        """Help on all flags, those of the program first."""
        return self._help(sorted(self._modules, key=lambda module: (module != sys.argv[0], module)))

    __str__ = get_help

    def _help(self, modules):
        blocks = []
        for module in modules:
            lines = [f"\n{module}:"]
            for flag in sorted(self._modules[module], key=lambda flag: flag.name):
                lines += _flag_help(flag)
            blocks.append("\n".join(lines))
        return "\n".join(blocks)


FLAGS = FlagValues()


def _flag_help(flag):
    from textwrap import wrap

    short = "" if flag.short_name is None else f"-{flag.short_name},"
    texts = [f"{short}--{'[no]' if flag.boolean else ''}{flag.name}: {flag.help}"]
    texts += [f"(default: {flag.default_as_str})"] if flag.default is not None else []
    texts += [f"({flag.hint})"] if flag.hint else []
    lines = [line.strip() for text in texts for line in text.split("\n")]
    result = []
    for line in lines:
        result += wrap(line, 80, initial_indent="    " if result else "  ", subsequent_indent="    ") or [""]
    return result


def _calling_module():
    """The name help gives the module outside this file that is being executed: the program's is its path."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    name = "__main__" if frame is None else frame.f_globals.get("__name__", "__main__")
    return sys.argv[0] if name == "__main__" else name


def _suggestions(attempt, names):
    """The flags that a misspelt one may mean: the nearest by edits, if less than half of it is wrong."""
    if len(attempt) <= 2 or not names:
        return []
    distances = sorted((_edits(attempt, name[: len(attempt)]), name) for name in names)
    least = distances[0][0]
    return [name for distance, name in distances if distance == least] if least < 0.5 * len(attempt) else []


def _edits(a, b):
    """Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`."""
    previous, row = None, list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, previous, row = previous, row, [i]
        for j, y in enumerate(b, 1):
            best = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                best = min(best, before[j - 2] + 1)
            row.append(best)
    return row[-1]


_OLD_NAMES = {"flag_name": "name", "default_value": "default", "docstring": "help"}


def _accepts_old_names(define):
    """`define`, taking the argument names of the first TensorFlow releases as well."""

    def wrapper(*args, **kwargs):
        if not _OLD_NAMES.keys().isdisjoint(kwargs):
            import logging

            logging.warning(
                "Use of the keyword argument names (flag_name, default_value, docstring) is deprecated, "
                "please use (name, default, help) instead."
            )
            kwargs = {_OLD_NAMES.get(key, key): value for key, value in kwargs.items()}
        return define(*args, **kwargs)

    wrapper.__name__, wrapper.__doc__ = define.__name__, define.__doc__
    return wrapper


@_accepts_old_names
def DEFINE_string(name, default, help, flag_values=FLAGS, required=False, short_name=None):
    """Define a flag whose value is any text."""
    return _add(Flag(name, default, help, _parse_string, short=short_name), flag_values, required)


@_accepts_old_names
def DEFINE_boolean(name, default, help, flag_values=FLAGS, required=False, short_name=None):
    """Define a flag that is ``--name`` or ``--noname``."""
    return _add(Flag(name, default, help, _parse_boolean, boolean=True, short=short_name), flag_values, required)


DEFINE_bool = DEFINE_boolean


def _define_number(parser, name, default, help, flag_values, required, **options):
    holder = _add(Flag(name, default, help, parser, hint=parser.help, **options), flag_values, required)
    if parser.lower is not None or parser.upper is not None:

        def accepts(value):
            if value is not None and not parser.accepts(value):
                raise ValidationError(f"{value} is not {parser.help}")
            return True

        if not holder._flag.multi:
            register_validator(name, accepts, flag_values=flag_values)
    return holder


@_accepts_old_names
def DEFINE_integer(
    name, default, help, lower_bound=None, upper_bound=None, flag_values=FLAGS, required=False, short_name=None
):
    """Define a flag whose value is an int, within bounds if given."""
    parser = _NumberParser(_to_int, "an", "integer", lower_bound, upper_bound)
    return _define_number(parser, name, default, help, flag_values, required, short=short_name)


@_accepts_old_names
def DEFINE_float(
    name, default, help, lower_bound=None, upper_bound=None, flag_values=FLAGS, required=False, short_name=None
):
    """Define a flag whose value is a float, within bounds if given."""
    parser = _NumberParser(_to_float, "a", "number", lower_bound, upper_bound)
    return _define_number(parser, name, default, help, flag_values, required, short=short_name)


def DEFINE_enum(
    name, default, enum_values, help, flag_values=FLAGS, required=False, short_name=None, case_sensitive=True
):
    """Define a flag whose value is one of `enum_values`."""
    parser = _enum_parser(enum_values, case_sensitive)
    help = f"<{'|'.join(enum_values)}>: {help or '(no help available)'}"
    return _add(Flag(name, default, help, parser, short=short_name), flag_values, required)


def DEFINE_list(name, default, help, flag_values=FLAGS, required=False, short_name=None):
    """Define a flag whose value is a list of texts, separated by commas on the command line."""
    hint = "a comma separated list"
    return _add(
        Flag(name, default, help, _parse_list, hint=hint, serialize=_join_list, short=short_name),
        flag_values,
        required,
    )


def DEFINE_spaceseplist(name, default, help, flag_values=FLAGS, required=False, short_name=None):
    """Define a flag whose value is a list of texts, separated by blanks on the command line."""
    hint = "a whitespace separated list"
    return _add(
        Flag(name, default, help, _parse_words, hint=hint, serialize=" ".join, short=short_name),
        flag_values,
        required,
    )


def DEFINE_multi_string(name, default, help, flag_values=FLAGS, required=False, short_name=None):
    """Define a flag that may be given several times; its value is the list of texts."""
    return _add(Flag(name, default, help, _parse_string, multi=True, short=short_name), flag_values, required)


def DEFINE_multi_integer(
    name, default, help, lower_bound=None, upper_bound=None, flag_values=FLAGS, required=False, short_name=None
):
    """Define a flag that may be given several times; its value is the list of ints."""
    parser = _NumberParser(_to_int, "an", "integer", lower_bound, upper_bound)
    return _define_number(parser, name, default, help, flag_values, required, multi=True, short=short_name)


def DEFINE_multi_float(
    name, default, help, lower_bound=None, upper_bound=None, flag_values=FLAGS, required=False, short_name=None
):
    """Define a flag that may be given several times; its value is the list of floats."""
    parser = _NumberParser(_to_float, "a", "number", lower_bound, upper_bound)
    return _define_number(parser, name, default, help, flag_values, required, multi=True, short=short_name)


def DEFINE_multi_enum(
    name, default, enum_values, help, flag_values=FLAGS, required=False, short_name=None, case_sensitive=True
):
    """Define a flag that may be given several times; its value is a list of members of `enum_values`."""
    parser = _enum_parser(enum_values, case_sensitive)
    help = f"<{'|'.join(enum_values)}>: {help or '(no help available)'}"
    return _add(Flag(name, default, help, parser, multi=True, short=short_name), flag_values, required)


def _add(flag, flag_values, required):
    if required and flag.default is not None:
        raise ValueError(
            f"Flag --{flag.name} is marked as required and has a default value; a required flag takes none."
        )
    holder = flag_values._define(flag)
    if required:
        mark_flag_as_required(flag.name, flag_values)
    return holder


def _name_of(flag):
    return flag.name if isinstance(flag, FlagHolder) else flag


def set_default(flag_holder, value):
    """Give the flag of a `FlagHolder` another default."""
    flag_holder._flag_values.set_default(flag_holder.name, value)


def register_validator(flag_name, checker, message="Flag validation failed", flag_values=FLAGS):
    """Have ``checker(value)`` say whether the flag may have that value, after parsing and when it is set."""

    def check(flag):
        try:
            if checker(flag.value):
                return
            error = message
        except ValidationError as refused:
            error = refused
        raise IllegalFlagValueError(f"flag --{flag.name}={flag.value}: {error}")

    flag_values[_name_of(flag_name)].validators.append(check)


def validator(flag_name, message="Flag validation failed", flag_values=FLAGS):
    """Decorator that registers a function as a flag's validator."""

    def register(function):
        register_validator(flag_name, function, message, flag_values)
        return function

    return register


def register_multi_flags_validator(
    flag_names, multi_flags_checker, message="Flags validation failed", flag_values=FLAGS
):
    """Have ``multi_flags_checker({name: value})`` judge several flags together."""
    names = [_name_of(flag) for flag in flag_names]

    def check(values):
        try:
            if multi_flags_checker(values):
                return
            error = message
        except ValidationError as refused:
            error = refused
        shown = ", ".join(f"{name}={value}" for name, value in values.items())
        raise IllegalFlagValueError(f"flags {shown}: {error}")

    flag_values._validators.append((names, check))


def multi_flags_validator(flag_names, message="Flag validation failed", flag_values=FLAGS):
    """Decorator that registers a function as the validator of several flags together."""

    def register(function):
        register_multi_flags_validator(flag_names, function, message, flag_values)
        return function

    return register


def mark_flag_as_required(flag_name, flag_values=FLAGS):
    """Refuse a command line that leaves the flag None."""
    name = _name_of(flag_name)
    message = f"Flag --{name} must have a value other than None."
    register_validator(name, lambda value: value is not None, message, flag_values)


def mark_flags_as_required(flag_names, flag_values=FLAGS):
    """Refuse a command line that leaves one of the flags None."""
    for name in flag_names:
        mark_flag_as_required(name, flag_values)


def mark_flags_as_mutual_exclusive(flag_names, required=False, flag_values=FLAGS):
    """Refuse a command line that leaves more than one of the flags other than None, or none if `required`."""
    _mark_exclusive(flag_names, required, flag_values, lambda value: value is not None, "a value other than None")


def mark_bool_flags_as_mutual_exclusive(flag_names, required=False, flag_values=FLAGS):
    """Refuse a command line that makes more than one of the flags true, or none if `required`."""
    _mark_exclusive(flag_names, required, flag_values, bool, "value True")


def _mark_exclusive(flag_names, required, flag_values, counts, what):
    names = [_name_of(flag) for flag in flag_names]
    number = "Exactly" if required else "At most"
    message = f"{number} one of ({', '.join(names)}) must have {what}."

    def check(values):
        count = sum(counts(value) for value in values.values())
        return count == 1 or not required and count == 0

    register_multi_flags_validator(names, check, message, flag_values)


def declare_key_flag(flag_name, flag_values=FLAGS):
    """Have the calling module's help show a flag that another module defined."""
    flag_values._modules.setdefault(_calling_module(), {})[flag_values[_name_of(flag_name)]] = True


def adopt_module_key_flags(module, flag_values=FLAGS):
    """Have the calling module's help show the flags of `module`."""
    adopted = flag_values._modules.get(module.__name__, {})
    flag_values._modules.setdefault(_calling_module(), {}).update(adopted)


def disclaim_key_flags():
    """Accepted for programs that call it: flags belong to the module that calls the ``DEFINE_`` function."""
