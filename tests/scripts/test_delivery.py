"""What the targets of delivery call, by programs on the PATH that write down what they were told."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "0123456789abcdef" * 4
ENGINE, SHOP = f"registry/aiops@{DIGEST}", f"registry/aiops-shop@{DIGEST}"

Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the targets read of the repository."""
    tree = tmp_path / "tree"
    for folder in ("release", "scripts"):
        shutil.copytree(ROOT / "tools" / folder, tree / "tools" / folder)
    for file in ("Makefile", "tools/delivery.mk", "CHANGELOG.md", "k8s/helm/aiops/Chart.yaml"):
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tree / file)
    return tree


@pytest.fixture
def make(tree: Path, tmp_path: Path) -> Make:
    """Run a target with variables of the environment and none of those that CI itself has."""

    def run(target: str, **variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {"PATH": path, "PYTHON": sys.executable, **variables}
        return subprocess.run(
            ["make", "-s", target], cwd=tree, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    """Stand-ins for what is not on a desk; each call is a line. They answer what the real ones would."""
    answers = {
        "cosign": "",
        "docker": """case $* in *imagetools*) echo "${SBOM-{\\"spdxVersion\\": \\"SPDX-2.3\\"\\}}" ;; esac""",
        "gh": "",
        "helm": f'[ "$1" != push ] || printf "Pushed: x\\n%s\\n" "${{PUSHED-Digest: {DIGEST}}}" >&2',
    }
    (tmp_path / "bin").mkdir()
    for name, answer in answers.items():
        file = tmp_path / "bin" / name
        file.write_text(f'#!/bin/sh\necho {name} "$@" >> "{tmp_path}/calls"\n{answer}\nexit ${{FAILS:-0}}\n')
        file.chmod(stat.S_IRWXU)
    said = tmp_path / "calls"
    return lambda: said.read_text().splitlines() if said.exists() else []


def test_images_are_signed_by_digest(make: Make, calls: Callable[[], list[str]]) -> None:
    done = make("sign", IMAGES=f"{ENGINE} {SHOP}")
    assert done.returncode == 0, done.stderr
    assert calls() == [f"cosign sign --yes {ENGINE} {SHOP}"]


@pytest.mark.parametrize("images", ["", "registry/aiops:0.2.0", f"{ENGINE} registry/aiops-shop@sha256:abc"])
def test_nothing_is_signed_if_one_image_has_no_digest(images: str, make: Make, calls: Callable[[], list[str]]) -> None:
    assert make("sign", IMAGES=images).returncode != 0
    assert calls() == []


def test_both_images_must_be_signed_by_the_workflow(make: Make, calls: Callable[[], list[str]]) -> None:
    where = {"REGISTRY": "registry", "REPOSITORY": "owner/name", "IMAGE_TAG": "0.2.0"}
    assert make("image-verify", **where).returncode == 0
    engine, shop = calls()
    assert engine.startswith(
        "cosign verify registry/aiops:0.2.0 --certificate-identity-regexp ^https://github\\.com/owner/"
    )
    assert shop.startswith("cosign verify registry/aiops-shop:0.2.0 ")
    assert make("image-verify", FAILS="1", **where).returncode != 0
    assert len(calls()) == 3, "the second is not asked about"


@pytest.mark.parametrize("tag", ["", "a b", "$(touch x)", "x;y", "a/b", "x --set y", "x@sha256:0"])
def test_what_is_no_tag_is_refused_unread(tag: str, make: Make, calls: Callable[[], list[str]]) -> None:
    done = make("image-verify", REGISTRY="registry", REPOSITORY="owner/name", IMAGE_TAG=tag)
    assert done.returncode != 0
    assert "which is no tag" in done.stderr
    assert calls() == []


def test_images_are_run_under_their_tag(make: Make, calls: Callable[[], list[str]]) -> None:
    assert make("image-check", IMAGE_TAG="kind").returncode == 0
    assert [line.split()[-2:] for line in calls()] == [["aiops:kind", "--version"], ["aiops-shop:kind", "--help"]]


def test_there_is_a_bill_of_materials_for_each_image_and_platform(
    make: Make, tree: Path, calls: Callable[[], list[str]]
) -> None:
    done = make("image-sboms", IMAGES=f"{ENGINE} {SHOP}")
    assert done.returncode == 0, done.stderr
    assert {one.name for one in (tree / "dist").iterdir()} == {
        f"{image}-linux-{arch}.spdx.json" for image in ("aiops", "aiops-shop") for arch in ("amd64", "arm64")
    }
    empty = make("image-sboms", IMAGES=ENGINE, SBOM="null")
    assert empty.returncode != 0
    assert "does not say what is in it" in empty.stderr


def test_a_chart_is_pushed_and_its_digest_handed_on(
    make: Make, tree: Path, tmp_path: Path, calls: Callable[[], list[str]]
) -> None:
    output = tmp_path / "output"
    for target in ("chart-package", "chart-push"):
        done = make(target, REGISTRY="registry/owner", GITHUB_OUTPUT=str(output))
        assert done.returncode == 0, done.stderr
    package, push = calls()
    assert package == "helm package k8s/helm/aiops -d dist"
    assert push.startswith("helm push dist/aiops-")
    assert push.endswith(".tgz oci://registry/owner/charts")
    assert output.read_text() == f"image=registry/owner/charts/aiops@{DIGEST}\n"


@pytest.mark.parametrize("trouble", [{"FAILS": "1"}, {"PUSHED": "no word of it"}], ids=["refused", "no digest"])
def test_a_chart_that_is_not_pushed_has_no_digest(
    trouble: dict[str, str], make: Make, tmp_path: Path, calls: Callable[[], list[str]]
) -> None:
    done = make("chart-push", REGISTRY="registry", GITHUB_OUTPUT=str(tmp_path / "output"), **trouble)
    assert done.returncode != 0
    assert "Pushed: x" in done.stderr, "what Helm said is shown"
    assert (tmp_path / "output").read_text() == ""


def test_a_release_is_checked_noted_and_published(
    make: Make, tree: Path, tmp_path: Path, calls: Callable[[], list[str]]
) -> None:
    output = tmp_path / "output"
    version = (tree / "k8s/helm/aiops/Chart.yaml").read_text().split("\nversion: ")[1].split()[0]
    (tree / "CHANGELOG.md").write_text(f"# Changelog\n\n## {version}\n\n- All of it.\n")
    for one in ("anomaly-detector", "demo-app"):
        (tree / one).mkdir()
        shutil.copy(ROOT / one / "pyproject.toml", tree / one)
    for target in ("release-check", "release-notes"):
        done = make(target, RELEASE=f"v{version}", GITHUB_OUTPUT=str(output))
        assert done.returncode == 0, done.stderr
    assert output.read_text() == f"version={version}\n"
    assert (tree / "dist" / "notes.md").read_text() == "- All of it.\n"
    for name in ("aiops.tgz", "aiops.spdx.json"):
        (tree / "dist" / name).touch()
    assert make("release-page", RELEASE=f"v{version}").returncode == 0
    assert calls()[-1].endswith("--notes-file dist/notes.md dist/aiops.tgz dist/aiops.spdx.json")


def test_a_kubeconfig_is_its_owners_alone_and_replaces_none(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    content = 'clusters:\n- name: $(touch x) `touch y` "quoted"\n'
    done = make("kubeconfig", KUBECONFIG=str(file), KUBECONFIG_DATA=content)
    assert done.returncode == 0, done.stderr
    assert file.read_text() == f"{content}\n"
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    assert content not in done.stdout + done.stderr
    assert make("kubeconfig", KUBECONFIG=str(file), KUBECONFIG_DATA="other").returncode != 0
    assert file.read_text() == f"{content}\n"


def test_an_environment_without_its_secret_says_so(make: Make, tmp_path: Path) -> None:
    done = make("kubeconfig", KUBECONFIG=str(tmp_path / "kubeconfig"), KUBECONFIG_DATA="")
    assert done.returncode != 0
    assert "the environment has no secret KUBECONFIG" in done.stderr
    assert not (tmp_path / "kubeconfig").exists()


def test_a_run_says_why_nothing_is_deployed(make: Make) -> None:
    said = make("deploy-notice", DEPLOY_STAGING="", DEPLOY_PRODUCTION="true").stdout
    assert said.startswith("::notice title=")
    assert "DEPLOY_STAGING is '' and DEPLOY_PRODUCTION is 'true'" in said
    assert said.count("\n") == 1
