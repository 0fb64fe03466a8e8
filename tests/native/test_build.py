"""What a build is named after, and what it leaves behind."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tools.native import build, go, kits
from tools.native.build import Programs, key
from tools.native.go import Go, NoGo
from tools.native.kits import CLUSTER, KITS, STACK, Kit
from tools.native.progress import BuildFailed

# Stands for `go build -o FOLDER/ tool`, or FOLDER/PROGRAM for one: makes those of the module it is called in.
FAKE = """#!/bin/sh
[ "$1" = env ] && { echo go1.26.6; exit; }
case $(basename "$PWD") in
  prometheus) names="prometheus promtool" ;;
  alertmanager) names="alertmanager amtool" ;;
  collector) printf '#!/bin/sh\\nmkdir otelcol && touch otelcol/otelcol\\n' > "$5"; chmod +x "$5" ;;
  kubernetes) names="kube-apiserver kube-controller-manager kube-scheduler kubectl" ;;
  *) touch "$5" ;;
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


@pytest.mark.parametrize("kit", KITS.values(), ids=KITS)
def test_programs_are_built_once_and_nothing_else_stays(
    kit: Kit, path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_go(path)
    built = build.ensure(tmp_path / "cache", kit)
    assert built.complete()
    assert {one.name for one in built.folder.iterdir()} == set(kit.programs)
    assert {one.name for one in (tmp_path / "cache").iterdir()} == {built.folder.name, "lock"}
    assert "built in" in capsys.readouterr().err
    assert build.ensure(tmp_path / "cache", kit) == built
    assert capsys.readouterr().err == "", "the second time it says nothing"


def test_a_build_that_fails_says_the_compilers_last_words_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    fake_go(path, '#!/bin/sh\n[ "$1" = env ] && { echo go1.26.6; exit; }\necho "undefined: x" >&2; exit 1\n')
    with pytest.raises(BuildFailed, match="prometheus could not be built:\n  undefined: x"):
        build.ensure(tmp_path / "cache")
    assert [one.name for one in (tmp_path / "cache").iterdir()] == ["lock"]


def test_an_old_go_is_not_used(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_go(path, "#!/bin/sh\necho go1.19.8\n")
    fake_go(tmp_path / "cache" / "go" / "bin")
    assert go.find(tmp_path / "cache") == Go(tmp_path / "cache" / "go" / "bin" / "go", "go1.26.6")


def test_without_go_and_without_an_index_one_sentence_says_what_to_install(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(path, "#!/bin/sh\nexit 1\n")
    monkeypatch.setattr(go, "LOCK", tmp_path / "missing.lock")
    with pytest.raises(
        NoGo, match=r"Go could not be installed \(.*missing\.lock.*\); install Go 1\.26 or newer yourself"
    ):
        go.find(tmp_path / "cache")


@pytest.mark.parametrize("kit", KITS.values(), ids=KITS)
def test_the_key_changes_with_everything_the_programs_are_made_of(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / module.name / file for module in kit.modules for file in ("go.mod", "go.sum")]
    if kit.manifest:
        files.append(tmp_path / "builder.yaml")
        kit = replace(kit, manifest=files[-1])
    for one in files:
        one.parent.mkdir(exist_ok=True)
        one.write_text(one.name)
    monkeypatch.setattr(kits, "HERE", tmp_path)
    seen = {key("go1.26.6", kit), key("go1.26.7", kit)}
    for one in files:
        one.write_text(f"{one.read_text()} changed")
        seen.add(key("go1.26.6", kit))
    stamped = replace(kit.modules[-1], stamps={"main.version": "2"})
    seen.add(key("go1.26.6", replace(kit, modules=(*kit.modules[:-1], stamped))))
    assert len(seen) == 2 + len(files) + 1


def test_the_stamps_are_the_versions_that_are_built() -> None:
    text = {one.name: (kits.HERE / one.name / "go.mod").read_text() for one in CLUSTER.modules}
    assert "k8s.io/kubernetes v{}.{}.{}".format(*kits.KUBERNETES) in text["kubernetes"]
    assert f"helm.sh/helm/v3 v{kits.HELM}" in text["helm"]


def test_programs_are_found_by_name(tmp_path: Path) -> None:
    assert Programs(tmp_path, STACK)["promtool"] == tmp_path / "promtool"
    assert not Programs(tmp_path).complete()
