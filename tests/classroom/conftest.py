"""Tests of the pages need the optional packages of the classroom; those of the rest do not."""

import importlib.util
import os

import pytest

if importlib.util.find_spec("bleach") is None:
    if os.environ.get("REQUIRE_EXTRAS"):
        raise pytest.UsageError("the optional packages of the classroom are not installed (make setup-classroom)")
    collect_ignore = ["test_marks.py", "test_reports.py"]
