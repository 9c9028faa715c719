"""The part of the guide of JAX that uses the package, word for word. The command line's tests follow the rest."""

import pathlib
import re

GUIDE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "guides" / "jax.md"

FENCE = re.compile(r"^```python package\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_hook_of_the_guide_works_word_for_word(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = FENCE.findall(GUIDE.read_text())
    exec(compile(code, str(GUIDE), "exec"), {})
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 3, printed
    for step in range(3):
        assert (tmp_path / "run" / str(step) / "reproof" / "contract.json").is_file()
