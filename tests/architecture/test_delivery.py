"""What operators deploy is held against the code: image, compose file, alerts, workflows."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecg.kernel.embedded import valkey
from ecg.kernel.settings import PREFIX, setting_keys

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = (ROOT / "Containerfile").read_text()
GUIDE = (ROOT / "docs/operator-guide.md").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "config/compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "config/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
METRIC = re.compile(
    r"(?:Gauge|Histogram|Counter)\(\s*\"(ecg_[a-z_]+)\",\s*\"[^\"]*\"(?:,\s*\[([^\]]*)\])?"
)
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def checked(program: str, *arguments: object) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def environment(name: str) -> dict[str, str | None]:
    return SERVICES[name]["environment"]


def metrics() -> dict[str, set[str]]:
    """Every metric that the code defines, with its labels."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "ecg").rglob("*.py"):
        for name, labels in METRIC.findall(path.read_text()):
            found[name] = set(re.findall(r"\"(\w+)\"", labels))
    return found


def test_the_image_is_well_made() -> None:
    checked("hadolint", "--failure-threshold", "style", ROOT / "Containerfile")


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_the_compose_files_keep_their_schema(name: str) -> None:
    checked("check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "config" / name)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_workflows_keep_their_schema(path: Path) -> None:
    checked("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_do_no_more_than_it_must(path: Path) -> None:
    flow = yaml.safe_load(path.read_text())
    assert flow["permissions"] == {"contents": "read"}
    for name, job in flow["jobs"].items():
        allowed = {"contents": "read", "packages": "write"} if name == "publish" else None
        assert job.get("permissions") == allowed
        for step in job.get("steps", []):
            assert re.search(r"@v\d", step.get("uses", "@v0")), "an action without a version"


def test_nothing_is_published_that_was_not_tested_and_tried() -> None:
    image, test = (
        yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
        for name in ("image", "test")
    )
    assert "workflow_call" in test[True]  # YAML takes the key "on" for a truth value
    publish = image["jobs"]["publish"]
    assert image["jobs"]["test"]["uses"] == "./.github/workflows/test.yml"
    assert publish["needs"] == ["test"]
    steps = [step.get("run", str(step)) for step in publish["steps"]]
    tried = next(n for n, step in enumerate(steps) if step.endswith(" doctor"))
    pushed = next(n for n, step in enumerate(steps) if "'push': True" in step)
    assert tried < pushed
    assert "IMAGE_REGISTRY" in publish["if"]
    assert "`IMAGE_REGISTRY`" in GUIDE


def test_the_image_is_made_by_the_targets_of_a_checkout() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    run = re.findall(
        r"^(?:RUN| &&) .*?\bmake ([a-z-]+)(?: \\)?$", CONTAINERFILE, flags=re.MULTILINE
    )
    assert run
    assert set(run) <= targets
    browser = (ROOT / "scripts/browser.sh").read_text()
    for name in ("chromium-headless-shell", "libatomic1"):
        assert re.search(rf"^RUN sh /tmp/debian\.sh .*{name}\b", CONTAINERFILE, flags=re.MULTILINE)
        assert f"install {name}" in browser
    assert "/debian.sh" in browser
    assert "apt-get" not in CONTAINERFILE + browser.replace("command -v apt-get", "")


def test_what_the_image_is_made_of_is_let_in() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in let_in)
    makefile = (ROOT / "Makefile").read_text()
    needed = {"ecg", "alembic", "config", "pyproject.toml", "README.md", "LICENSE", "NOTICE"}
    needed |= {
        name for name in ("scripts", "requirements", "studio", "examples") if f"{name}/" in makefile
    }
    assert needed <= let_in
    assert "**/*.env" in lines


def test_nothing_runs_as_root_or_may_become_it() -> None:
    assert re.search(r"^USER \d+$", CONTAINERFILE, flags=re.MULTILINE)
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "build" in service or service["user"] not in {"root", "0"}, name


def test_every_image_has_a_version() -> None:
    # what stands where an operator names no image of their own
    named = {service["image"] for service in SERVICES.values()}
    images = {re.sub(r"^\$\{ECG_IMAGE:-(.*)\}$", r"\1", image) for image in named}
    images |= set(re.findall(r"^FROM (\S+/\S+)", CONTAINERFILE, flags=re.MULTILINE))
    for image in images:
        assert re.search(r":v?\d+\.\d+", image), image
    own = {image for image in images if image.startswith("ecg:")}
    assert own == {f"ecg:{importlib.metadata.version('ecg')}"}


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "config/compose.yaml").read_text()
    for name in re.findall(r"\$\{(\w*(?:PASSWORD|KEY)\w*)", text):
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", text)
        assert set(uses) == {":?is not set"}, name
    example = (ROOT / "config/ecg.env.example").read_text()
    wanted = set(re.findall(r"\$\{(\w+):\?", text))
    offered = dict(re.findall(r"^(\w+)=(.*)$", example, flags=re.MULTILINE))
    assert wanted == set(offered)
    assert not [name for name, value in offered.items() if value and "URL" not in name and "ENDPOINT" not in name]  # fmt: skip


def test_every_setting_in_the_compose_file_is_one_there_is() -> None:
    known = {PREFIX + key.upper().replace(".", "__") for key in setting_keys()}
    for name, service in SERVICES.items():
        given = {key for key in service.get("environment", {}) if key.startswith(PREFIX)}
        assert given <= known, name


HELD_BY_THE_IMAGE = {"work_dir", "models_dir", "segments_dir", "browser", "data_dir"}
OF_THE_COMMAND_LINE = {"analysis.threads", "render.style", "render.quality"}


def test_every_setting_can_be_made_in_the_compose_file() -> None:
    reachable = {key for name in ("api", "audio", "render") for key in environment(name)}
    reachable |= {"ECG_S3__REGION"}  # SeaweedFS takes any
    for key in set(setting_keys()) - HELD_BY_THE_IMAGE - OF_THE_COMMAND_LINE:
        assert PREFIX + key.upper().replace(".", "__") in reachable


def test_a_worker_has_no_key_to_what_is_not_its_own() -> None:
    for name in ("audio", "render"):
        held = {key for key, value in environment(name).items() if value is not None}
        assert held == {"ECG_REDIS__URL", "ECG_API__URL", "ECG_SERVICE_KEY"}
        assert "rows" not in SERVICES[name]["networks"]
    assert "ECG_REDIS__URL" not in environment("api"), "the api may only read progress"


def test_users_of_valkey_are_those_of_the_embedded_one() -> None:
    mounted = (ROOT / "config/valkey-users.acl").read_text()
    embedded = valkey._USERS.format(worker="x", reader="x").replace("#x", "")
    assert re.sub(r">\w+_PASSWORD", "", mounted) == embedded


def test_the_wheel_has_the_migrations() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert 'alembic = "ecg/alembic"' in project


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_stands_on_metrics_there_are(rule: dict[str, Any]) -> None:
    known = metrics()
    named = re.findall(
        r"(ecg_[a-z_]+?)(?:_bucket|_count|_sum)?(?:\{([^}]*)\}|[\[\)\s])", rule["expr"]
    )
    assert named or rule["expr"].startswith("up{")
    for name, selectors in named:
        labels = known.get(name)
        if labels is None:
            labels = known[name.removesuffix("_total")]
        assert set(re.findall(r"(\w+)!?[=~]", selectors)) <= labels, name
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    document, anchor = rule["annotations"]["runbook"].split("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / document).read_text(), flags=re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_every_setting_of_the_service_is_in_the_operator_guide() -> None:
    for key in setting_keys():
        if key not in OF_THE_COMMAND_LINE:
            assert f"`{PREFIX}{key.upper().replace('.', '__')}`" in GUIDE, key


def test_every_metric_is_in_the_operator_guide() -> None:
    found = metrics()
    assert "ecg_request_seconds" in found
    for name in found:
        assert f"`{name}`" in GUIDE, name
