"""The guide, word for word: its code runs in order, in one folder."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

GUIDE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "guides" / "python-package.md"

# A fence, what follows its language, and the text in it.
FENCE = re.compile(r"^```(\w*) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_guide_is_followed_word_for_word(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(tmp_path))
    names, ran = {}, 0
    for language, told, text in FENCE.findall(GUIDE.read_text()):
        if told.startswith("file="):
            (tmp_path / told.removeprefix("file=")).write_text(text)
        elif language == "python" and told != "no-run":
            exec(compile(text, str(GUIDE), "exec"), names)
            ran += 1
    assert ran == 5
    printed = capsys.readouterr().out
    assert "Recording(" in printed and "identical" in printed and "relative L2" in printed

    # pytest is not a package of this environment; the tests brought it along at the end of the path.
    command = next(text for language, _, text in FENCE.findall(GUIDE.read_text()) if "-m pytest" in text)
    arguments = shlex.split(command)[3:]
    code = f"import sys; sys.path.extend({sys.path!r}); import pytest; sys.exit(pytest.main({arguments!r}))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ})
    assert finished.returncode == 0 and "1 passed" in finished.stdout, finished.stdout + finished.stderr
