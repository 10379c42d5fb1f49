"""What killed workers leave behind."""

import subprocess
import sys

from ecg.kernel import work

HOLD = """
import sys, time
from pathlib import Path
from ecg.kernel.work import _folder
with _folder(Path(sys.argv[1])) as folder:
    (folder / "source").write_text("a video")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_folders_of_killed_workers_go_and_those_in_use_stay(tmp_path):
    held = [
        subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    folders = [process.stdout.readline().strip() for process in held]
    (tmp_path / "somebody else's").mkdir()
    held[0].kill()
    held[0].wait()
    work.sweep_folders(tmp_path)
    assert {str(each) for each in tmp_path.iterdir()} == {
        folders[1],
        str(tmp_path / "somebody else's"),
    }
    held[1].kill()
    held[1].wait()
    work.sweep_folders(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["somebody else's"]
    for process in held:
        process.stdout.close()
