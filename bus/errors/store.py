"""Errors about an adapter's store."""

from bus.errors.base import Refused, TryLater, Who


class AlreadyRunning(Refused):
    code, who = "already-running", Who.OPERATOR
    means_vi = "Kho đang do một tiến trình khác dùng."
    means_en = "Another process has the store."
    vi = "Kho {store} đang do tiến trình {pid} dùng."
    en = "Store {store} is in use by process {pid}."
    do_vi = "Người vận hành dừng tiến trình đó trước, hoặc dùng kho khác."
    do_en = "Stop that process first, or use another store."


class StoreDamaged(Refused):
    code, who = "store-damaged", Who.OPERATOR
    means_vi = "Tệp của kho bị hỏng."
    means_en = "The store's file is no longer sound."
    vi, en = "Kho {store} bị hỏng: {why}.", "Store {store} is damaged: {why}."
    do_vi = "Dừng tiến trình, chạy lienthong store recover -c TỆP.toml, làm theo lời nó nói, rồi khởi động lại."
    do_en = "Stop the daemon, run lienthong store recover -c FILE.toml, do as it says, then start again."


class StoreLost(Refused):
    code, who = "store-lost", Who.OPERATOR
    means_vi = "Kho hỏng nặng, không cứu được."
    means_en = "The store is damaged too badly to be recovered."
    vi, en = "Kho {store} không cứu được: {why}.", "Store {store} cannot be recovered: {why}."
    do_vi = (
        "Đặt bản sao lưu vào chỗ kho; không có thì bắt đầu với kho trống, gửi lại từ “sent/” và audit replay: "
        "deploy/handbook/trouble.md, mục kho mất."
    )
    do_en = (
        "Put a backup in its place; without one begin with an empty store, sent/ and audit replay: "
        "deploy/handbook/trouble.md, a store that is lost."
    )


class StoreIncomplete(Refused):
    code, who = "store-incomplete", Who.OPERATOR
    means_vi = "Kho đã được cứu từ tệp hỏng, còn thiếu dữ liệu, và chưa ai báo là đã xử lý xong."
    means_en = (
        "A store was recovered from a damaged file, some of it is missing, and nobody has said that it is dealt with."
    )
    vi = "Kho này được cứu từ tệp hỏng và còn thiếu dữ liệu; bản báo cáo: {report}."
    en = "This store was recovered from a damaged file, and some of it is missing; the report: {report}."
    do_vi = "Làm theo lời lệnh lienthong store losses -c TỆP.toml; xong thì chạy lại lệnh đó với --done."
    do_en = "Do as lienthong store losses -c FILE.toml says; when that is done, run it again with --done."


class NoStore(Refused):
    code, who = "no-store", Who.OPERATOR
    means_vi = "Không có tệp kho ở chỗ mà cấu hình nêu."
    means_en = "There is no store where the configuration says."
    vi, en = "Không có kho ở {store}.", "There is no store at {store}."
    do_vi = "Xem dòng store trong tệp cấu hình; tiến trình tạo kho khi chạy lần đầu. Mất tệp thì đặt bản sao lưu vào."
    do_en = "See `store` in the configuration; a daemon makes it when it first runs. A lost one: restore a backup."


class NotInAFile(Refused):
    code, who = "store-not-in-a-file", Who.OPERATOR
    means_vi = "Lệnh dành cho kho trong một tệp được chạy với kho trên PostgreSQL."
    means_en = "A command for a store in a file was given one on PostgreSQL."
    vi, en = "Kho {store} nằm trên PostgreSQL, không phải một tệp.", "Store {store} is on PostgreSQL, not in a file."
    do_vi = (
        "Lệnh này dành cho tệp. PostgreSQL tự hồi phục sau sự cố; sao lưu bằng pg_dump, pg_basebackup; hỏng hẳn thì "
        "pg_restore, rồi audit replay từ lúc sao lưu: deploy/handbook/standby.md."
    )
    do_en = (
        "This command is for files. PostgreSQL recovers from a crash by itself; pg_dump and pg_basebackup back it up; "
        "a damaged one comes back by pg_restore, then audit replay since that backup: deploy/handbook/standby.md."
    )


class AlreadyThere(Refused):
    code, who = "already-there", Who.OPERATOR
    means_vi = "Lệnh sẽ ghi đè một tệp đã có, nên không làm."
    means_en = "A command would overwrite a file that is there, and does not."
    vi, en = "Đã có tệp {file}; không ghi đè.", "{file} exists already; it is never overwritten."
    do_vi, do_en = "Chọn tên khác, hoặc dời tệp ấy đi trước.", "Choose another name, or move that file away first."


class StrayLog(Refused):
    code, who = "stray-log", Who.OPERATOR
    means_vi = "Nhật ký của kho trước còn nằm ở chỗ sẽ khôi phục."
    means_en = "The log of the store before lies where another is to be restored."
    vi = "Còn nhật ký {file} của kho trước; nó sẽ bị ghi vào kho được khôi phục."
    en = "The log {file} of the store before is still there; it would be played into the restored one."
    do_vi, do_en = "Dời tệp ấy đi cùng kho trước, rồi chạy lại.", "Move it away with the store before, then try again."


class CannotWrite(Refused):
    code, who = "cannot-write", Who.OPERATOR
    means_vi = "Không ghi được tệp ở chỗ đã nêu."
    means_en = "A file cannot be written where it was wanted."
    vi, en = "Không ghi được {file}: {why}.", "{file} cannot be written: {why}."
    do_vi = "Sửa nguyên nhân trên (thư mục, quyền), hoặc chọn chỗ khác, rồi chạy lại."
    do_en = "See to the reason given (the folder, its mode), or choose another place, then try again."


class CannotOpenBackup(Refused):
    code, who = "cannot-open-backup", Who.OPERATOR
    means_vi = "Không mở được bản sao lưu: khóa khác, hoặc tệp bị sửa hay bị cụt."
    means_en = "A backup cannot be opened: it is for another key, was altered, or is cut off."
    vi, en = "Không mở được bản sao lưu {file}: {why}.", "Backup {file} cannot be opened: {why}."
    do_vi = "Dùng đúng khóa riêng của bản sao lưu (--key), hoặc một bản sao lưu khác."
    do_en = "Use the private key that this backup is for (--key), or another backup."


class BackupUnderWay(TryLater):
    code, who = "backup-under-way", Who.OPERATOR
    means_vi = "Một lần sao lưu khác của kho này chưa xong."
    means_en = "Another backup of this store has not ended."
    vi, en = "Đang có một lần sao lưu khác: {file}.", "Another backup is under way: {file}."
    do_vi, do_en = "Đợi nó xong rồi chạy lại.", "Wait until it has ended, then try again."


class StoreFull(TryLater):
    code, who = "store-full", Who.OPERATOR
    means_vi = "Không ghi được kho, thường vì hết chỗ trên đĩa; chưa xác nhận gì với ai."
    means_en = "The store cannot be written, most often for lack of disk space; nothing was acknowledged to anybody."
    vi, en = "Không ghi được kho {store}: {why}.", "Store {store} cannot be written: {why}."
    do_vi = "Dịch vụ kết nối tự thử lại; người vận hành xử lý nguyên nhân trên, thường là dọn đĩa."
    do_en = "It is tried again; see to the reason given, most often by freeing disk space."


class StoreAway(TryLater):
    code, who = "store-away", Who.OPERATOR
    means_vi = "Máy chủ PostgreSQL của kho không trả lời, hoặc không cho vào."
    means_en = "The PostgreSQL server of the store does not answer, or lets nobody in."
    vi, en = "Kho {store} không trả lời: {why}.", "Store {store} does not answer: {why}."
    do_vi = "Tự thử lại, chưa xác nhận gì với ai; nếu kéo dài, người vận hành kiểm tra máy chủ PostgreSQL."
    do_en = "It is tried again, and nothing was acknowledged; look at the PostgreSQL server if this lasts."


class StoreTaken(TryLater):
    code, who = "store-taken", Who.OPERATOR
    means_vi = "Kho nay do máy kia của cùng hộp thư dùng; máy này thành dự phòng."
    means_en = "Another machine of this mailbox has the store by now; this one stands by."
    vi = "Kho {store} nay do tiến trình khác của hộp thư này dùng; tiến trình này không ghi được nữa."
    en = "Store {store} has another daemon of this mailbox by now; this one writes no more."
    do_vi = "Không phải làm gì: tiến trình này chuyển sang dự phòng; xem vì sao nó mất kết nối tới PostgreSQL."
    do_en = "Nothing needs doing: this one stands by; see why it lost its connection to PostgreSQL."
