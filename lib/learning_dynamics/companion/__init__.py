"""What makes a book of the three wings: registry, agreement tables, figure style, execution.

The names exported here are the ones that chapters use.  The build and the command line
live in the modules of this package and are reached through ``python -m learning_dynamics``.
"""

from .agreement import AgreementTable
from .errors import CompanionError
from .explorers import Axis, Chart, Choice, Explorer, Slider, Table
from .records import record
from .registry import load_registry
from .style import PUBLISHED, STYLES, use_style
from .value_tables import ValueTable, sentence

__all__ = [
    "AgreementTable",
    "Axis",
    "Chart",
    "Choice",
    "CompanionError",
    "Explorer",
    "PUBLISHED",
    "STYLES",
    "Slider",
    "Table",
    "ValueTable",
    "load_registry",
    "record",
    "sentence",
    "use_style",
]
