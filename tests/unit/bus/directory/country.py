"""A directory with closed codes, successors, forwarding, old codes and sub-units, for the tests of this room."""

from datetime import date

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)

COUNTRY = """
units = '''
code      | aliases                     | vi                   | parent | opened     | closed     | successor | forward
H01       | 000.00.00.H01               | UBND tỉnh An Giang   |        |            |            |           |
H01.02    | 000.00.02.H01 000.00.92.H01 | Sở Công Thương       |        |            |            |           |
H01.02.05 |                             | Phòng Quản lý        |        |            |            |           |
H01.09    |                             | Sở Mới               |        | 2025-07-01 |            |           |
H08       | 000.00.00.H08               | UBND tỉnh Bình Định  |        |            | 2025-07-01 | H21       |
H08.12    |                             | Sở Nội vụ            |        |            |            |           |
H08.13    |                             | Sở Y tế              |        |            | 2025-07-01 | H21.13    |
H08.14    |                             | Sở Tài chính         | H21    |            |            |           |
H21       |                             | UBND tỉnh Gia Lai    |        |            |            |           |
H21.13    |                             | Sở Y tế              |        |            |            |           |
H33       |                             | UBND tỉnh Kiên Giang |        |            | 2025-07-01 | H01       | true
H34       |                             | UBND tỉnh Kon Tum    |        |            | 2025-06-01 | H33       | true
H35       |                             | UBND tỉnh Lai Châu   |        |            | 2025-07-01 | H08       | true
H36       |                             | UBND tỉnh Lâm Đồng   |        |            | 2025-07-01 | H14       | true
H14       |                             | UBND tỉnh Cao Bằng   |        |            |            |           |
G37       |                             | Mã G37               |        |            | 2025-07-01 |           |
G38       |                             | Ủy ban mới           |        | 2025-07-01 |            |           |
02.44.W00 | 000.02.44.W00               | Hệ thống Phú Thọ     |        |            |            |           |
H50       |                             | A                    |        |            | 2025-07-01 | H51.1     |
H51       |                             | B                    |        |            | 2025-07-01 | H50       |
H51.1     |                             | C                    |        |            |            |           |
'''
[[agency]]
code = "H57"
aliases = ["000.00.00.H57"]
names = [
  { vi = "UBND tỉnh Thừa Thiên Huế", en = "Thua Thien Hue" },
  { vi = "UBND thành phố Huế", en = "Hue City", since = 2025-01-01 },
]
[[mailbox]]
code = "H01"
[[mailbox]]
code = "H01.02"
[[mailbox]]
code = "H08"
[[mailbox]]
code = "H21"
serves = ["000.00.00.H57", "02.44.W00"]
[[keys]]
mailbox = "H01"
signing = ["AQI="]
sealing = ["Aw==", "BA=="]
"""
