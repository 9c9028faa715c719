"""The pytest plugin, run by pytest inside pytest."""

TEST = """
def test_model(reproof):
    reproof.verify({path!r})
"""


def run(pytester, path, *arguments):
    pytester.makepyfile(TEST.format(path=str(path)))
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def test_a_kept_promise_passes(pytester, digits):
    run(pytester, digits).assert_outcomes(passed=1)


def test_a_broken_promise_fails_with_what_and_why_and_no_traceback(pytester, digits):
    model = digits / "model.onnx"
    data = bytearray(model.read_bytes())
    data[-400] ^= 0x40
    model.write_bytes(bytes(data))
    result = run(pytester, digits, "--reproof-html", "pages")
    result.assert_outcomes(failed=1)
    printed = result.stdout.str()
    assert "corrupt: " in printed and "load.integrity" in printed
    assert "page: pages/" in printed and list(pytester.path.glob("pages/*.html"))
    assert "Traceback" not in printed and "_pytest.py" not in printed


def test_values_that_differ_are_named(pytester):
    pytester.makepyfile(
        """
        import numpy as np
        def test_values(reproof):
            reproof.compare({"scores": np.ones(3)}, {"scores": np.array([1, 1, 2.0])})
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*scores: 1 of 3 elements differ, by at most 1,*"])


def test_what_is_missing_is_told_in_a_line(pytester, tmp_path):
    result = run(pytester, tmp_path / "nothing.onnx")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*UsageError: no artifact at *nothing.onnx*"])
    assert "Traceback" not in result.stdout.str()
