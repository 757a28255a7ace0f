"""What makes a book of the three wings: registry, agreement tables, figure style, execution.

The names exported here are the ones that chapters use.  The build and the command line
live in the modules of this package and are reached through ``python -m learning_dynamics``.
"""

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.records.agreement import AgreementTable
from learning_dynamics.companion.records.explorers import Axis, Chart, Choice, Explorer, Slider, Table
from learning_dynamics.companion.records.recording import record
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.records.style import PUBLISHED, STYLES, use_style
from learning_dynamics.companion.records.value_tables import ValueTable, sentence

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
