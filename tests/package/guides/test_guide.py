"""The guide, word for word: its code runs in order, in one folder."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

from reproof._command import command

GUIDES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "guides"
GUIDE = GUIDES / "python-package.md"

# A fence, what follows its language, and the text in it.
FENCE = re.compile(r"^```(\w*) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_guide_is_followed_word_for_word(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
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


def test_the_guide_of_resuming_is_followed_word_for_word(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()
    # An interpreter knows its packages by where it lies.
    for name, program in (("python", sys.executable), ("reproof", command())):
        (programs / name).write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "REPROOF_BUDGET": "1s"}
    printed = []
    for language, told, text in FENCE.findall((GUIDES / "resume.md").read_text()):
        if told.startswith("file="):
            (tmp_path / told.removeprefix("file=")).write_text(text)
        elif language == "sh":
            finished = subprocess.run(
                ["sh", "-e", "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert finished.returncode == (1 if told == "fails" else 0), finished.stdout + finished.stderr
            printed.append(finished.stdout)
        elif language == "python" and told != "no-run":
            exec(compile(text, "resume.md", "exec"), {})
    trained, identical, drifted, drilled = printed
    assert trained == "" and identical.startswith("✓ identical")
    assert "(scheduler.missing," in drifted and "losses before step 3 are the recorded ones" in drifted
    assert "buffers          never" in drilled and "optimizer        from step 2" in drilled
    assert "Findings" in capsys.readouterr().out
