"""The one extension module and the one table of Cython directives; everything else is in pyproject.toml."""

import os
from glob import glob

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup

# PYSCOPE_DEBUG=1 builds with bounds and overflow checks, and defines the C macro PYSCOPE_DEBUG.
DEBUG = os.environ.get("PYSCOPE_DEBUG", "0") not in ("", "0")

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": True,
    "cdivision": True,
    "initializedcheck": DEBUG,
    "overflowcheck": DEBUG,
    # A context manager left before it was entered, an object made by __new__ alone: errors, never a crash.
    "nonecheck": True,
    "auto_pickle": False,
    "embedsignature": True,
    "freethreading_compatible": False,
}

# The main files are called pyscope._core.pyx and .pxd because Cython looks for a pxd by the dotted name
# in the directory of the pyx; the other files are chapters that the pyx includes.
core = Extension(
    "pyscope._core",
    sources=["src/core/pyscope._core.pyx"],
    depends=sorted(path for path in glob("src/core/**/*", recursive=True) if os.path.isfile(path)),
    include_dirs=["src/core", np.get_include()],
    define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")] + [("PYSCOPE_DEBUG", "1")] * DEBUG,
    # No -march=native: a wheel runs on machines other than the one that built it.
    # -g0: what a debugger reads would be four fifths of the wheel.
    extra_compile_args=["-O1", "-g"] if DEBUG else ["-O3", "-g0"],
)

setup(
    ext_modules=cythonize(
        [core],
        build_dir="build/debug/c" if DEBUG else "build/c",
        include_path=["src/core"],
        compiler_directives=DIRECTIVES,
    )
)
