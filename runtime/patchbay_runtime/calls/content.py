"""What an answer says, decoded within bounds."""

import json
import re
import zlib
from typing import Any, Final, NoReturn

from patchbay_runtime.calls.call import LARGEST_BODY_BYTES, Answer
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import JsonText
from patchbay_runtime.storage.payloads import LARGEST_PAYLOAD_BYTES, TooLargeError, encode

MOST_LEVELS: Final = 128
"""Of lists and objects in each other: what serde_json takes too. Python's own reader and writer end near a thousand,
sooner where they are called from deep within."""
_LONGEST_HEADER: Final = 1000
_GZIP: Final = zlib.MAX_WBITS | 16
_CHARSET: Final = re.compile(r';\s*charset\s*=\s*"?([^\s;"]{1,40})', re.IGNORECASE)
# Names that Python decodes too, such as punycode or zip, are no charsets, or take time beyond all proportion. It also
# remembers for ever each name that it does not know.
_KNOWN_CHARSETS: Final = re.compile(
    r"utf-?8|utf-16(le|be)?|(us-)?ascii|iso-8859-([1-9]|1[013456])|windows-125[0-8]|koi8-[ru]|big5|euc-(jp|kr)"
    r"|gb2312|gbk|gb18030|shift_jis|iso-2022-jp"
)


def told(answer: Answer) -> JsonText:
    """`{"status": code, "body": JSON or text}`; the body is null where it is empty.

    Raises StepFault, never to be repeated: the partner has got the call.
    """
    try:
        return JsonText(encode({"status": answer.status, "body": _content(answer)}))
    except TooLargeError:
        message = f"the answer exceeds {LARGEST_PAYLOAD_BYTES} bytes when it is written as JSON"
        raise StepFault("response_too_large", message) from None
    except ValueError:
        # An escape alone of a pair, or a number beyond all floating-point ones.
        raise StepFault("response_json", "the answer's JSON holds a character or number that does not exist") from None


def _content(answer: Answer) -> Any:
    body = _unpacked(answer)
    if not body:
        return None
    content_type = answer.headers.get("Content-Type", "")[:_LONGEST_HEADER].lower()
    return _json(body) if "json" in content_type else _text(body, content_type)


def _unpacked(answer: Answer) -> bytes:
    named = answer.headers.get("Content-Encoding", "")
    encodings = [name for part in named.split(",") if (name := part.strip().lower()) not in {"", "identity"}]
    if not encodings or not answer.body:
        return answer.body
    if len(encodings) > 1:
        raise StepFault("response_encoding", "the answer is encoded more than once (Content-Encoding)")
    if encodings[0] not in {"gzip", "x-gzip", "deflate"}:
        message = f"the answer's Content-Encoding is {_shown(encodings[0])}; only gzip and deflate are understood"
        raise StepFault("response_encoding", message)
    return _inflated(answer.body, _window(answer.body) if encodings[0] == "deflate" else _GZIP)


def _window(body: bytes) -> int:
    """zlib's word for what `deflate` is here: RFC 1950, as it should be, or the bare RFC 1951 of some servers."""
    is_zlib = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


def _inflated(body: bytes, window: int) -> bytes:
    unpacker = zlib.decompressobj(window)
    try:
        inflated = unpacker.decompress(body, LARGEST_BODY_BYTES + 1)
    except zlib.error:
        raise StepFault("response_encoding", "the answer's compressed data is damaged (Content-Encoding)") from None
    if len(inflated) > LARGEST_BODY_BYTES:
        raise StepFault("response_too_large", f"the answer exceeds {LARGEST_BODY_BYTES} bytes when it is unpacked")
    if not unpacker.eof:
        raise StepFault("response_encoding", "the answer's compressed data is cut off (Content-Encoding)")
    if unpacker.unused_data:
        raise StepFault("response_encoding", "the answer goes on behind its compressed data (Content-Encoding)")
    return inflated


def _json(body: bytes) -> Any:
    try:
        value = json.loads(body, parse_constant=_no_number)
    except UnicodeDecodeError:
        reason = "is not UTF-8"
    except json.JSONDecodeError as error:
        reason = f"is none (line {error.lineno}, column {error.colno})"
    except RecursionError:
        reason = _TOO_DEEP
    except ValueError:
        reason = "holds a number that is none or has thousands of digits"
    else:
        if not _too_deep(value):
            return value
        reason = _TOO_DEEP
    raise StepFault("response_json", f"the answer says that it is JSON, but {reason}")


_TOO_DEEP: Final = f"is nested more than {MOST_LEVELS} levels deep"


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _text(body: bytes, content_type: str) -> str:
    found = _CHARSET.search(content_type)
    charset = found[1] if found else "utf-8"
    if not _KNOWN_CHARSETS.fullmatch(charset):
        raise StepFault("response_charset", f"the answer's charset is {_shown(charset)}, which is not known here")
    try:
        return body.decode(charset)
    except UnicodeError:
        stated = f"its charset ({charset})" if found else "UTF-8, and names no charset"
        raise StepFault("response_charset", f"the answer's text is not {stated}") from None


def _shown(name: str) -> str:
    """A word of the partner's, where it is one."""
    return name if re.fullmatch(r"[a-z0-9._-]{1,40}", name) else "no such name"
