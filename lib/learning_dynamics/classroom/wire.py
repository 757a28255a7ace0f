"""What goes through the pipe between a student's process and the one that judges: data only, never code or pickles."""

import base64
import json
import math
import numbers
import struct

import numpy as np

HEADER = struct.Struct("<Q")
LARGEST = 48 * 2**20
KINDS = "biufc"
LARGEST_ITEM = 16


class WireError(Exception):
    """A message that is no data of the agreed form."""


class Foreign:
    """What stands for a value that is no data: only the name of its type is known."""

    def __init__(self, kind):
        self.kind = kind

    def __repr__(self):
        return f"<{self.kind}>"


def pack(value, function=None):
    """Return a value as JSON can keep it.

    Parameters
    ----------
    value : object
        Numbers, texts, None, Ellipsis, arrays of numbers, and lists, tuples and dictionaries of them. Anything else becomes
        the name of its type.
    function : callable, optional
        Called with a callable value; returns the key by which the other side may call it.
    """
    if value is None or isinstance(value, bool):
        return value
    if value is Ellipsis:
        return {"ellipsis": True}
    for kinds, packer in ((str, str), ((np.ndarray, np.generic), _array), (numbers.Number, _number)):
        if isinstance(value, kinds):
            return packer(value)
    for kind in (list, tuple):
        if isinstance(value, kind):
            return {kind.__name__: [pack(each, function) for each in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), pack(each, function)] for key, each in value.items()]}
    if function and callable(value):
        return {"function": function(value)}
    if hasattr(type(value), "__array__"):
        return _array(np.asarray(value))
    return {"foreign": type(value).__name__[:80]}


def _number(value):
    if isinstance(value, numbers.Integral):
        return int(value) if int(value).bit_length() < 4000 else {"foreign": "integer with more than a thousand digits"}
    if isinstance(value, float):
        return float(value)
    value = complex(value)
    return {"complex": [value.real, value.imag]} if value.imag or math.isnan(value.imag) else value.real


def _array(value):
    if isinstance(value, np.ma.MaskedArray):
        value = value.astype(complex).filled(np.nan)
    array = np.asarray(value)
    if array.dtype.kind in "OUS":
        try:
            array = array.astype(complex)
        except (TypeError, ValueError, OverflowError):
            return {"foreign": "array of objects that are no numbers"}
    if array.dtype.kind == "c" and not array.imag.any():
        array = array.real
    if array.dtype.kind not in KINDS:
        return {"foreign": f"array of {array.dtype}"[:80]}
    if array.dtype.itemsize > LARGEST_ITEM or array.dtype.char in "gG":
        array = array.astype(complex if array.dtype.kind == "c" else float)
    array = np.ascontiguousarray(array).reshape(array.shape)
    if array.nbytes > LARGEST // 2:
        return {"foreign": f"array of {array.size} entries, which is too large,"}
    kind = "scalar" if isinstance(value, np.generic) else "array"
    return {
        kind: [
            array.dtype.newbyteorder("<").str,
            list(array.shape),
            base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode(),
        ]
    }


def unpack(packed, function=None):
    """The value that `pack` packed; `function` makes a callable from a key.

    Raises
    ------
    WireError
        If it is not of the form that `pack` gives.
    """
    try:
        return _unpack(packed, function)
    except (TypeError, ValueError, KeyError, OverflowError, RecursionError, MemoryError) as error:
        raise WireError(f"a message cannot be read ({type(error).__name__})") from None


def _unpack(packed, function):
    if packed is None or isinstance(packed, (bool, int, float, str)):
        return packed
    ((kind, content),) = packed.items()
    if kind == "ellipsis":
        return Ellipsis
    if kind == "complex":
        return complex(float(content[0]), float(content[1]))
    if kind in ("list", "tuple"):
        values = [_unpack(each, function) for each in content]
        return values if kind == "list" else tuple(values)
    if kind == "dict":
        return {str(key): _unpack(each, function) for key, each in content}
    if kind in ("array", "scalar"):
        array = _unpack_array(*content)
        return array if kind == "array" else array[()]
    if kind == "function" and function:
        return function(str(content))
    return Foreign(f"{content:.80}" if kind == "foreign" else "function")


def _unpack_array(name, shape, text):
    dtype = np.dtype(name)
    if dtype.kind not in KINDS or dtype.itemsize > LARGEST_ITEM or dtype.names or dtype.subdtype:
        raise WireError("an array is not of numbers")
    data = base64.b64decode(text, validate=True)
    shape = tuple(int(length) for length in shape)
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data):
        raise WireError("the shape of an array is not that of its entries")
    return np.frombuffer(data, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="))


def message_bytes(message):
    """A message as it goes through the pipe: its length in eight bytes, then its JSON."""
    text = json.dumps(message).encode()
    if len(text) > LARGEST:
        raise WireError(f"a message is larger than {LARGEST} bytes")
    return HEADER.pack(len(text)) + text


def take_message(buffer):
    """Take the first message off a bytearray; None where it is not complete.

    Raises
    ------
    WireError
        If the bytes are no message.
    """
    if len(buffer) < HEADER.size:
        return None
    (length,) = HEADER.unpack_from(buffer)
    if length > LARGEST:
        raise WireError(f"a message is larger than {LARGEST} bytes")
    end = HEADER.size + length
    if len(buffer) < end:
        return None
    text = bytes(buffer[HEADER.size : end])
    del buffer[:end]
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("a message is not JSON") from None
    if not isinstance(message, dict):
        raise WireError("a message is no mapping")
    return message
