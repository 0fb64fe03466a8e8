"""What a build is named after, and what it leaves behind."""

import stat
from pathlib import Path

import pytest

import native.build
import native.go
from native.build import MODULES, PROGRAMS, Programs, key
from native.go import Go, NoGo
from native.progress import BuildFailed

# Stands for `go build -o FOLDER/ tool`: makes the programs of the module it is called in.
FAKE = """#!/bin/sh
[ "$1" = env ] && { echo go1.26.6; exit; }
case $(basename "$PWD") in
  prometheus) names="prometheus promtool" ;;
  alertmanager) names="alertmanager amtool" ;;
  collector) printf '#!/bin/sh\\nmkdir otelcol && touch otelcol/otelcol\\n' > "${5}builder"; chmod +x "${5}builder" ;;
esac
for name in $names; do touch "$5$name"; done
"""


def fake_go(folder: Path, text: str = FAKE) -> None:
    folder.mkdir(parents=True)
    (folder / "go").write_text(text)
    (folder / "go").chmod(stat.S_IRWXU)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "bin"


def test_programs_are_built_once_and_nothing_else_stays(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_go(path)
    built = native.build.ensure(tmp_path / "cache")
    assert built.complete()
    assert {one.name for one in built.folder.iterdir()} == set(PROGRAMS)
    assert {one.name for one in (tmp_path / "cache").iterdir()} == {built.folder.name, "lock"}
    assert "built in" in capsys.readouterr().err
    assert native.build.ensure(tmp_path / "cache") == built
    assert capsys.readouterr().err == "", "the second time it says nothing"


def test_a_build_that_fails_says_the_compilers_last_words_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    fake_go(path, '#!/bin/sh\n[ "$1" = env ] && { echo go1.26.6; exit; }\necho "undefined: x" >&2; exit 1\n')
    with pytest.raises(BuildFailed, match="prometheus could not be built:\n  undefined: x"):
        native.build.ensure(tmp_path / "cache")
    assert [one.name for one in (tmp_path / "cache").iterdir()] == ["lock"]


def test_an_old_go_is_not_used(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_go(path, "#!/bin/sh\necho go1.19.8\n")
    fake_go(tmp_path / "cache" / "go" / "bin")
    assert native.go.find(tmp_path / "cache") == Go(tmp_path / "cache" / "go" / "bin" / "go", "go1.26.6")


def test_without_go_and_without_an_index_one_sentence_says_what_to_install(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(path, "#!/bin/sh\nexit 1\n")
    monkeypatch.setattr(native.go, "LOCK", tmp_path / "missing.lock")
    with pytest.raises(
        NoGo, match=r"Go could not be installed \(.*missing\.lock.*\); install Go 1\.26 or newer yourself"
    ):
        native.go.find(tmp_path / "cache")


def test_the_key_changes_with_everything_the_programs_are_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / name / file for name in MODULES for file in ("go.mod", "go.sum")]
    for one in files:
        one.parent.mkdir(exist_ok=True)
        one.write_text(one.name)
    manifest = tmp_path / "builder.yaml"
    manifest.write_text("dist:")
    monkeypatch.setattr(native.build, "HERE", tmp_path)
    monkeypatch.setattr(native.build, "MANIFEST", manifest)
    seen = {key("go1.26.6"), key("go1.26.7")}
    for one in (*files, manifest):
        one.write_text(f"{one.read_text()} changed")
        seen.add(key("go1.26.6"))
    assert len(seen) == 2 + len(files) + 1


def test_programs_are_found_by_name(tmp_path: Path) -> None:
    assert Programs(tmp_path)["promtool"] == tmp_path / "promtool"
    assert not Programs(tmp_path).complete()
