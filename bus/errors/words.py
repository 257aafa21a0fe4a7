"""A fact in two languages, for the sentences of an error: our own words, and what the operating system says.

The text of another program (a parser, RabbitMQ, PostgreSQL) has one language: a Vietnamese sentence quotes it.
"""

import errno
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self


class Words(str):
    """A text in English that knows its Vietnamese: `f"{words}"` is the English one, and so is what is logged."""

    vi: str

    def __new__(cls, vi: str, en: str) -> Self:
        words = super().__new__(cls, en)
        words.vi = vi
        return words

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override] # str's own has one
        return self.vi, str(self)


def side_by_side(text: object) -> str:
    """Both languages on one line, for what keeps a single text; what has one language stays as it is."""
    return f"{text.vi} / {text}" if isinstance(text, Words) else str(text)


def said(vi: str, en: str, /, **facts: object) -> Words:
    """Both sentences, with `{facts}` filled in; a fact that has two languages is told in the language around it."""
    return Words(vi.format_map(vietnamese(facts)), en.format_map(facts))


def vietnamese(facts: Mapping[str, object]) -> dict[str, object]:
    """As a Vietnamese sentence names them. A reason in one language is somebody else's: it is quoted."""
    return {
        name: each.vi if isinstance(each := quoted(fact) if name == REASON else fact, Words) else each
        for name, fact in facts.items()
    }


REASON: Final = "why"
"""The fact that is a sentence, or a part of one; others are names and figures."""


def quoted(text: object) -> Words:
    """The words of another program, which has no Vietnamese for them. Words of ours stay as they are, in an exception
    too."""
    if isinstance(text, Exception) and text.args and isinstance(text.args[0], Words):
        text = text.args[0]
    return text if isinstance(text, Words) else Words(f"“{text}”", str(text))


def listed(words: Iterable[Words], *, by: str = "; ") -> Words:
    words = tuple(words)
    return Words(by.join(each.vi for each in words), by.join(words))


def of_system(error: OSError) -> Words:
    """What the operating system says, without the name of the file: the sentence around it has that."""
    en = error.strerror or str(error) or type(error).__name__
    vi = _SYSTEM.get(error.errno or 0)
    return quoted(en) if vi is None else Words(vi, en)


_SYSTEM: Final = {
    errno.ENOENT: "không có tệp hoặc thư mục này",
    errno.EACCES: "không có quyền",
    errno.EPERM: "hệ điều hành không cho phép",
    errno.EEXIST: "đã có rồi",
    errno.EISDIR: "đó là thư mục, không phải tệp",
    errno.ENOTDIR: "một phần của đường dẫn không phải thư mục",
    errno.ENAMETOOLONG: "tên quá dài",
    errno.ELOOP: "liên kết vòng quanh",
    errno.ENOSPC: "đĩa đã đầy",
    errno.EDQUOT: "hết hạn mức đĩa",
    errno.EROFS: "ổ đĩa chỉ cho đọc",
    errno.EIO: "đĩa đọc, ghi bị lỗi",
    errno.EBUSY: "đang có nơi khác dùng",
    errno.EMFILE: "tiến trình mở quá nhiều tệp",
    errno.ENFILE: "máy mở quá nhiều tệp",
    errno.ENOMEM: "máy hết bộ nhớ",
    errno.ESTALE: "ổ đĩa mạng đã đổi hoặc mất kết nối",
    errno.ENOLCK: "ổ đĩa không khóa được tệp",
    errno.EXDEV: "hai thư mục nằm ở hai ổ đĩa",
    errno.EADDRINUSE: "địa chỉ và cổng này đã có tiến trình dùng",
    errno.EADDRNOTAVAIL: "máy này không có địa chỉ đó",
    errno.ECONNREFUSED: "máy đó từ chối kết nối",
    errno.ECONNRESET: "máy đó ngắt kết nối",
    errno.EPIPE: "đầu bên kia đã đóng",
    errno.ETIMEDOUT: "máy đó không trả lời",
    errno.EHOSTUNREACH: "không có đường tới máy đó",
    errno.ENETUNREACH: "không có đường tới mạng đó",
}
"""What people meet, in Vietnamese. The rest is quoted."""


def of_fields(errors: Iterable[Mapping[str, Any]], *, whole: str = "") -> Words:
    """What pydantic says of each wrong field (`ValidationError.errors()`); `whole` names what none of them is in."""
    return listed([_of_field(error, whole) for error in errors])


def _of_field(error: Mapping[str, Any], whole: str) -> Words:
    name = ".".join(map(str, error["loc"])) or whole
    facts = dict(error.get("ctx", {}))
    ours = facts.get("error")
    if both := _FIELDS.get(error["type"]):
        facts["expected"] = str(facts.get("expected")).replace(" or ", ", ")
        told = said(*both, **facts)
    else:
        told = quoted(ours if isinstance(ours, ValueError) else error["msg"])
    return said("{name}: {told}", "{name}: {told}", name=name, told=told) if name else told


_FIELDS: Final = {
    "missing": ("còn thiếu", "is missing"),
    "extra_forbidden": ("không có mục này, xem lại chính tả", "there is no such setting, look at its spelling"),
    "string_type": ("phải là chuỗi trong ngoặc kép", "must be a text in quotes"),
    "string_pattern_mismatch": ("không đúng dạng {pattern}", "does not have the form {pattern}"),
    "int_type": ("phải là số nguyên", "must be a whole number"),
    "int_parsing": ("phải là số nguyên", "must be a whole number"),
    "int_from_float": ("phải là số nguyên", "must be a whole number"),
    "float_type": ("phải là số", "must be a number"),
    "float_parsing": ("phải là số", "must be a number"),
    "bool_type": ("phải là true hoặc false", "must be true or false"),
    "bool_parsing": ("phải là true hoặc false", "must be true or false"),
    "dict_type": ("phải là một mục [tên]", "must be a section [name]"),
    "model_type": ("phải là một mục [tên]", "must be a section [name]"),
    "list_type": ("phải là một danh sách [...]", "must be a list [...]"),
    "tuple_type": ("phải là một danh sách [...]", "must be a list [...]"),
    "greater_than": ("phải lớn hơn {gt}", "must be more than {gt}"),
    "greater_than_equal": ("ít nhất là {ge}", "must be at least {ge}"),
    "less_than": ("phải nhỏ hơn {lt}", "must be less than {lt}"),
    "less_than_equal": ("nhiều nhất là {le}", "must be at most {le}"),
    "literal_error": ("phải là một trong {expected}", "must be one of {expected}"),
}
"""By pydantic's types of errors (errors.pydantic.dev), for those that a configuration can have. The rest is quoted."""
