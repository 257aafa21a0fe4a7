"""Errors about the broker, and about the places where blobs wait."""

from bus.errors.base import TryLater, Who


class BrokerAway(TryLater):
    code, who = "broker-away", Who.OPERATOR
    means_vi = "Không kết nối được RabbitMQ; văn bản vẫn được nhận, và chờ."
    means_en = "RabbitMQ cannot be reached; documents are accepted all the same, and wait."
    vi, en = "Không kết nối được RabbitMQ: {why}.", "RabbitMQ cannot be reached: {why}."
    do_vi = "Dịch vụ kết nối tự thử lại, còn lệnh thì chạy lại; nếu kéo dài, người vận hành xem máy chủ và mạng."
    do_en = "The daemon tries again by itself, a command is run again; if it lasts, look at the broker and the network."


class BrokerDenied(TryLater):
    code, who = "broker-denied", Who.OPERATOR
    means_vi = "RabbitMQ không cho người dùng này vào, hoặc không cho làm; chỉ thử lại thì không hết."
    means_en = "RabbitMQ refuses this user, or what it does; trying again alone does not help."
    vi = "RabbitMQ không nhận người dùng {user}: {why}."
    en = "RabbitMQ refuses user {user}: {why}."
    do_vi = (
        "Người vận hành xem mục [broker] của cấu hình: tên, mật khẩu (url, password_file), vhost ở cuối url; "
        "nếu đúng cả, hỏi trung tâm về quyền."
    )
    do_en = (
        "Look at [broker] in the configuration: name, password (url, password_file), the vhost at the end of url; "
        "if all is right, ask the centre about permissions."
    )


class RoadGone(TryLater):
    """What is published is confirmed all the same, and does not get everywhere."""

    code, who = "road-gone", Who.OPERATOR
    means_vi = "RabbitMQ thiếu một phần của trục, nên thư không tới đủ nơi; văn bản gửi đi vẫn được nhận, và chờ."
    means_en = "RabbitMQ lacks a part of the bus: mail does not get everywhere; documents to send are taken, and wait."
    vi = "RabbitMQ thiếu “{what}”: thư không tới đủ nơi."
    en = "RabbitMQ lacks “{what}”: mail does not get everywhere."
    do_vi = (
        "Trung tâm chạy lienthong topology plan, rồi topology apply; thư chờ ở đây sau đó tự đi. Thư đến lúc thiếu "
        "hàng đợi nhận (inbox) nằm ở unroutable: trung tâm chạy lienthong dead replay."
    )
    do_en = (
        "The centre runs lienthong topology plan, then topology apply; what waits here then goes by itself. What came "
        "while an inbox was gone lies in unroutable: the centre runs lienthong dead replay."
    )


class BrokerRevoked(TryLater):
    code, who = "broker-revoked", Who.OPERATOR
    means_vi = "Không kết nối: chứng thư của RabbitMQ đã bị thu hồi."
    means_en = "Not connected: the certificate of RabbitMQ was revoked."
    vi = "Không kết nối: chứng thư của RabbitMQ đã bị thu hồi ({why})."
    en = "Not connected, the certificate of RabbitMQ was revoked: {why}."
    do_vi = "Hỏi trung tâm đã cài chứng thư mới cho RabbitMQ chưa; nếu rồi, có kẻ giả làm RabbitMQ: báo trung tâm ngay."
    do_en = "Ask the centre whether the broker has its new certificate; if so, somebody stands in for it: say so now."


class BrokerRefused(TryLater):
    code, who = "broker-refused", Who.OPERATOR
    means_vi = "RabbitMQ không nhận bản tin: hộp thư của nơi nhận đầy; các nơi khác không phải chờ."
    means_en = "RabbitMQ refuses a message: the inbox of its recipient is full; nobody else waits."
    vi = "RabbitMQ không nhận bản tin {message}: hộp thư {mailbox} đầy."
    en = "RabbitMQ refuses message {message}: the inbox of {mailbox} is full."
    do_vi = "Bản tin tự gửi lại; người vận hành báo cho {mailbox}."
    do_en = "It is tried again; tell {mailbox}."


class BlobsAway(TryLater):
    code, who = "blobs-away", Who.OPERATOR
    means_vi = "Không dùng được kho tệp lớn: không tới được, đã đầy, hoặc không cho vào."
    means_en = "The store of large files cannot be used: it is away, full, or lets nobody in."
    vi, en = "Không dùng được kho tệp lớn ({kind}): {why}.", "The store of large files ({kind}) cannot be used: {why}."
    do_vi = "Tự thử lại; nếu kéo dài, người vận hành xem kho đó và mục [blobs] của cấu hình."
    do_en = "It is tried again; look at that store, and at [blobs] in the configuration, if this lasts."


class InboxShared(TryLater):
    code, who = "inbox-shared", Who.OPERATOR
    means_vi = "Nhiều tiến trình cùng nhận thư của một hộp thư: mỗi tiến trình chỉ được một phần."
    means_en = "Several processes consume one inbox: each gets a part of its mail."
    vi = "Có {count} tiến trình cùng nhận thư của hộp thư {mailbox}: mỗi tiến trình chỉ được một phần."
    en = "{count} processes consume the inbox of {mailbox}: each gets a part of its mail."
    do_vi = "Tìm và dừng tiến trình kia (máy khác, kho khác); đọc deploy/handbook/trouble.md, mục hai tiến trình."
    do_en = "Find and stop the other one (another machine, another store); see deploy/handbook/trouble.md, twins."
