"""Reading the settings of the book; what is wrong with a file is one sentence that names it."""

import yaml

from learning_dynamics.companion.base.errors import CompanionError


def read_yaml(path):
    """The content of a YAML file whose top level must be a mapping.

    Raises
    ------
    CompanionError
        Where the file is no text, no YAML, empty, or anything but a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except UnicodeDecodeError:
        raise CompanionError(f"{path} cannot be read: it is not UTF-8.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CompanionError(f"{path} cannot be read: {_sentence(error)}.") from None
    if not isinstance(content, dict):
        what = "is empty" if content is None else f"must be a mapping, got a {type(content).__name__}"
        raise CompanionError(f"{path} {what}.")
    return content


def _sentence(error):
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).strip().partition("\n")[0]
    return f"line {mark.line + 1}: {problem}" if mark else problem
