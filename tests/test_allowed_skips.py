"""What is skipped in a job and not allowed to be fails the run, however it is skipped."""

from pathlib import Path

import pytest
from allowed_skips import INI, JOB, JOBS, Skip, read

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "shared" / "allowed-skips.toml"
TESTS = """
import pytest

@pytest.mark.parametrize("source", ["fake", "real"])
def test_contract(source):
    if source == "real":
        pytest.skip("no store is there")

@pytest.mark.skipif(True, reason="no program is there")
def test_marked():
    pass

@pytest.fixture
def store():
    pytest.skip("no disk is there")

def test_with_fixture(store):
    pass

@pytest.mark.xfail(reason="known")
def test_known():
    assert False
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Tests of which three are skipped, and an empty list."""
    monkeypatch.delenv(JOB, raising=False)
    pytester.makeini(f"[pytest]\n{INI} = list.toml\naddopts = -p allowed_skips -p no:randomly -p no:cacheprovider\n")
    pytester.makefile(".toml", list="")
    pytester.makepyfile(test_it=TESTS)
    return pytester


def allow(project: pytest.Pytester, job: str, *tests: str) -> None:
    entries = [f'[[skip]]\njobs = ["{job}"]\ntests = "{one}"\nreason = "it is not there"\n' for one in tests]
    project.makefile(".toml", list="\n".join(entries))


def test_without_a_job_skips_are_free(project: pytest.Pytester) -> None:
    project.runpytest().assert_outcomes(passed=1, skipped=3, xfailed=1)


def test_in_a_job_a_skip_that_is_not_listed_fails(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JOB, "test")
    done = project.runpytest()
    # One that is skipped before it begins is an error of its setup.
    done.assert_outcomes(passed=1, failed=1, errors=2, xfailed=1)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(
        ["*test_it.py::test_contract?real? may not be skipped in the job test: *no store is there"]
    )


def test_what_is_listed_for_the_job_may_be_skipped(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(project, "test", "test_it.py::test_contract[real*", "test_it.py::test_marked", "*::test_with_fixture")
    monkeypatch.setenv(JOB, "test")
    project.runpytest().assert_outcomes(passed=1, skipped=3, xfailed=1)
    monkeypatch.setenv(JOB, "test-stack")
    project.runpytest().assert_outcomes(passed=1, failed=1, errors=2, xfailed=1)


def test_a_module_that_is_skipped_whole_fails_the_run(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.makepyfile(test_it='import pytest\npytest.importorskip("no_such_module")\n')
    project.runpytest().assert_outcomes(skipped=1)
    monkeypatch.setenv(JOB, "test")
    project.runpytest().assert_outcomes(errors=1)
    allow(project, "test", "test_it.py")
    project.runpytest().assert_outcomes(skipped=1)


def test_processes_beside_each_other_judge_the_same(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(project, "test", "test_it.py::test_marked")
    monkeypatch.setenv(JOB, "test")
    path = str(LIST.parent)
    done = project.runpytest_subprocess("-n", "1", "-o", f"pythonpath={path}", "-W", "ignore")
    done.assert_outcomes(passed=1, failed=1, errors=1, skipped=1, xfailed=1)


def test_a_job_that_is_none_is_refused(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JOB, "tset")
    done = project.runpytest()
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*there is no job 'tset'*"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[skip]]\njobs = ["test"]\ntests = "a"', "a reason"),
        ('[[skip]]\njobs = ["test"]\ntests = "a"\nreason = ""', "a reason"),
        ('[[skip]]\njobs = ["tset"]\ntests = "a"\nreason = "b"', "no job tset"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "list.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=said):
        read(file)


@pytest.mark.parametrize("one", read(LIST), ids=lambda one: one.tests)
def test_the_list_names_tests_that_are_there(one: Skip) -> None:
    file, _, test = one.tests.partition("::")
    found = sorted(ROOT.glob(file))
    assert found
    name = test.partition("[")[0]
    assert name in ("*", "") or any(f"def {name}(" in each.read_text("utf-8") for each in found)


def test_every_target_that_tests_names_its_job() -> None:
    made = (ROOT / "Makefile").read_text("utf-8")
    for job in JOBS:
        assert f"\n{job}: export {JOB} = {job}\n" in made, job
