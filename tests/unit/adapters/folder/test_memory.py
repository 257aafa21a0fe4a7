"""Large packages in constant memory: filed, collected, and read to the end, in a process of their own."""

import subprocess
import sys
from pathlib import Path

MOST = 150 * 1024
"""The most KiB of memory that the process may have."""

WORK = """
import sys
from pathlib import Path
from adapters.folder import FolderAdapter
from bus.ports import Answer
from tests.contract.adapter_site import a_document, a_filing, essence
from tests.fakes.source import large

root = Path(sys.argv[1])
adapter = FolderAdapter({"root": str(root), "quiet": 0})
files = [large("bản vẽ.pdf", 150 << 20, content_id="1"), large("bản đồ.bin", 150 << 20, seed=2, content_id="2")]
document = a_document(attachments=files)
(filed,) = adapter.deliver([a_filing(document)])
(root / filed.ref).rename(root / "outgoing" / "a.edxml")
(collected,) = adapter.collect_large(10)
assert essence(collected.item) == essence(document)
adapter.acknowledge([Answer(ref=collected.ref, message="m")])
assert [path.name for path in root.glob("sent/*/*/*.edxml")] == ["a.edxml"]
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
"""


def test_hundreds_of_mebibytes_pass_through_a_small_process(tmp_path: Path) -> None:
    """300 MiB of attachments, one as it is and one in a ZIP, written and read: memory does not grow with them."""
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    assert int(done.stdout) < MOST
    assert not list((tmp_path / ".lienthong").glob("spool-*"))
