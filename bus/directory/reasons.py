"""Why an edition is not taken, in two languages. A table, no judgement: bus/directory/edition.py says which it is."""

from typing import Final

from bus.errors import Words, said

_REASONS: Final = {
    "expired": ("bản {version} hết hạn lúc {at}", "edition {version} expired at {at}"),
    "change": ("đó là một bản thay đổi, không phải bản đầy đủ", "it is a change, and no whole edition"),
    "older": ("bản {offered} cũ hơn bản {held} đang giữ", "edition {offered} is older than {held}, which is held"),
    "other": ("có hai bản khác nhau cùng số {version}", "two different editions have the number {version}"),
    "before-charter": (
        "bản {version} không lớn hơn {last}, bản cuối trước điều lệ của nó",
        "edition {version} is not above {last}, the last before its charter",
    ),
    "yet-to-come": (
        "nó đề {at}, là lúc chưa tới: xem đồng hồ của cả hai bên",
        "it says {at}, which is yet to come: look at both clocks",
    ),
    "not-chartered": (
        "người ký {signer} không có tên trong điều lệ",
        "its signer {signer} is none that the charter names",
    ),
    "no-certificate": (
        "có dòng không phải chứng thư hoặc danh sách thu hồi",
        "a line of it is no certificate, or no revocation list",
    ),
    "broken": ("nó bị hỏng", "it is broken"),
    "unsigned": ("không ai ký nó", "nobody signed it"),
    "not-authority": ("người ký không phải cơ quan quản lý: {why}", "its signer is not the authority: {why}"),
    "revoked": ("người ký không còn được ký gì: {why}", "its signer signs nothing any more: {why}"),
    "not-then": ("người ký khi đó không ký được: {why}", "its signer could not sign it then: {why}"),
    "forged": ("chữ ký không phải của người ký nó", "its signature is not that of its signer"),
    "too-few": (
        "điều lệ đòi {wanted} người ký; {signed} đã ký, {count} có giá trị: {found}",
        "its charter wants {wanted} signers; {signed} signed, {count} count: {found}",
    ),
    "packed": ("nội dung không giải nén được", "its content cannot be unpacked"),
    "other-content": ("nội dung không phải thứ đã được ký", "its content is not what was signed"),
}


def reason(name: str, **facts: object) -> Words:
    return said(*_REASONS[name], **facts)
