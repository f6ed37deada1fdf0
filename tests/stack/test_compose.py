"""docker-compose.yml: what it publishes, pins, limits and waits for, and that nothing in it leads nowhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.compose import BUILT, FILE, PROFILES, docker_compose, instructions, resolved, services
from tests.support.servers import ROOT

PUBLISHED = {"core": {"shop", "grafana"}, "full": {"shop-traced", "grafana"}, "scale": {"shop", "grafana-scale"}}
IN_EVERY_PROFILE = {"passwords", "partner", "load", "database", "cache", "alertmanager"}
RUN_ONCE = {"passwords"}
VERSION = re.compile(r"v?\d+\.\d+\.\d+(-[a-z0-9.]+)?|\d+\.\d+-bookworm")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|API_?KEY", re.IGNORECASE)

each_profile = pytest.mark.parametrize("profile", PROFILES)


@each_profile
def test_profile_is_understood(profile: str):
    assert docker_compose("--profile", profile, "config", "--quiet") == ""


def test_profiles_have_what_they_say_and_without_one_nothing_starts():
    core, full, scale = (set(services(profile)) for profile in PROFILES)
    assert core == IN_EVERY_PROFILE | {"shop", "prometheus", "grafana"}
    assert full == (core - {"shop"}) | {"shop-traced", "otel-collector", "tempo"}
    assert scale == IN_EVERY_PROFILE | {"shop", "prometheus-scraper", "grafana-scale", "victoria-metrics", "vmalert"}
    assert core | full | scale == set(resolved()["services"])


@each_profile
def test_only_grafana_and_the_shop_are_published_and_only_on_this_machine(profile: str):
    published = {
        name: service.content["ports"] for name, service in services(profile).items() if "ports" in service.content
    }
    assert set(published) == PUBLISHED[profile]
    for ports in published.values():
        assert [port.rpartition(":")[0].rpartition(":")[0] for port in map(str, ports)] == ["127.0.0.1"]


def test_published_ports_and_the_number_of_workers_can_be_set():
    env = {"SHOP_PORT": "8123", "GRAFANA_PORT": "3123", "SHOP_WORKERS": "7", "SHOP_RATE": "3"}
    found = yaml.safe_load(docker_compose("config", env=env))["services"]
    assert found["shop"]["ports"] == ["127.0.0.1:8123:8000/tcp"]
    assert found["grafana"]["ports"] == ["127.0.0.1:3123:3000/tcp"]
    assert found["shop"]["environment"]["WEB_CONCURRENCY"] == "7"
    assert found["load"]["command"][-1] == "--rate=3"


@each_profile
def test_every_image_is_of_one_version_or_built_here(profile: str):
    for service in services(profile).values():
        if service.image == BUILT:
            assert Path(service.content["build"]["context"]) == ROOT
            continue
        _, _, tag = service.image.rpartition(":")
        version, _, system = tag.partition("-")
        assert VERSION.fullmatch(tag) or (VERSION.fullmatch(version) and system == "bookworm"), service.image
    bases = [text.split()[0] for word, text in instructions() if word == "FROM"]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", bases[0])


@each_profile
def test_every_service_is_confined(profile: str):
    for name, service in services(profile).items():
        content = service.content
        limits = content["deploy"]["resources"]["limits"]
        assert float(limits["cpus"]) > 0
        assert re.fullmatch(r"\d+[MG]", limits["memory"])
        assert content["read_only"] is True
        assert content["cap_drop"] == ["ALL"]
        assert "cap_add" not in content
        assert "privileged" not in content
        assert content["security_opt"] == ["no-new-privileges:true"]
        assert content["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
        assert content["restart"] == ("no" if name in RUN_ONCE else "unless-stopped")


@each_profile
def test_every_service_says_whether_it_is_well_or_why_it_cannot(profile: str):
    text = FILE.read_text()
    for name, service in services(profile).items():
        if service.health is not None:
            continue
        _, _, own = text.partition(f"\n  {name}:\n")
        lines = own.partition("\n\n")[0].splitlines()
        (place,) = [number for number, line in enumerate(lines) if "healthcheck: {disable: true}" in line]
        assert "#" in lines[place] or lines[place - 1].strip().startswith("#"), name


@each_profile
def test_whoever_waits_for_a_service_can_see_that_it_is_ready(profile: str):
    there = services(profile)
    waited_for = set()
    for service in there.values():
        for name, condition in service.needs.items():
            assert name in there, f"{service.name} waits for {name}, which {profile} does not have"
            waited_for.add(name)
            if condition == "service_healthy":
                assert there[name].health is not None
            elif condition == "service_completed_successfully":
                assert name in RUN_ONCE
            else:
                assert there[name].health is None, f"{service.name} could wait until {name} is well"
    # `up --wait` takes the end of a container for a failure, unless somebody waits for it.
    assert waited_for >= RUN_ONCE


@each_profile
def test_no_secret_is_written_down(profile: str):
    for service in services(profile).values():
        for name, value in service.environment.items():
            if SECRET.search(name):
                assert name.endswith("_FILE"), name
                assert value.startswith("/run/passwords/")
                assert service.mounted(value).startswith(("database-password/", "grafana-password/"))
            assert not re.search(r"://[^/]*:[^/]*@", value), f"{name} has a password in its URL"


@each_profile
def test_what_is_mounted_is_there_and_only_volumes_are_written_to(profile: str):
    volumes = set()
    for service in services(profile).values():
        for mount in service.mounts:
            if mount.is_volume:
                volumes.add(mount.source)
            else:
                assert Path(mount.source).exists(), mount
                assert mount.mode == "ro", mount
    assert volumes <= set(resolved()["volumes"])


def test_every_volume_is_of_use():
    used = {mount.source for profile in PROFILES for service in services(profile).values() for mount in service.mounts}
    assert set(resolved()["volumes"]) == {source for source in used if not source.startswith("/")}


@each_profile
def test_a_password_is_seen_by_those_who_need_it_only(profile: str):
    def seen(volume: str) -> set[str]:
        return {
            service.name for service in services(profile).values() for mount in service.mounts if mount.source == volume
        }

    shop, grafana = PUBLISHED[profile] - seen("grafana-password"), PUBLISHED[profile] & seen("grafana-password")
    assert seen("database-password") == {"passwords", "database", *shop}
    assert seen("grafana-password") == {"passwords", *grafana}


def test_passwords_are_made_once_and_differ(tmp_path: Path):
    """The script runs as it is in the container."""
    (service,) = [one for name, one in services("core").items() if name == "passwords"]
    shell, script, *files = service.content["entrypoint"]
    assert shell == "sh"
    assert set(files) == {"/run/passwords/database/database", "/run/passwords/grafana/grafana"}
    places = [tmp_path / name for name in ("database", "grafana")]
    command = [shell, service.mounted(script), *map(str, places)]
    subprocess.run(command, check=True, timeout=30)
    first = [place.read_text() for place in places]
    subprocess.run(command, check=True, timeout=30)
    assert [place.read_text() for place in places] == first
    assert all(re.fullmatch(r"[A-Za-z0-9+/]{24}\n", text) for text in first)
    assert first[0] != first[1]
    assert {place.stat().st_mode & 0o777 for place in places} == {0o644}
    assert sorted(tmp_path.iterdir()) == sorted(places)


@each_profile
def test_the_password_that_is_made_is_the_one_that_is_read(profile: str):
    there = services(profile)
    made = {mount.source: mount.target for mount in there["passwords"].mounts if mount.is_volume}
    files = set(there["passwords"].content["entrypoint"][2:])
    for service in there.values():
        for name, value in service.environment.items():
            if name.endswith("_FILE"):
                volume, _, file = service.mounted(value).partition("/")
                assert f"{made[volume]}/{file}" in files


def test_what_only_the_shop_needs_only_the_shop_reaches():
    assert resolved()["networks"]["shop"] == {"internal": True}
    for profile in PROFILES:
        inside = {name for name, service in services(profile).items() if set(service.networks) == {"shop"}}
        both = {name for name, service in services(profile).items() if len(service.networks) == 2}
        assert inside == {"partner", "load", "database", "cache"}
        assert both == PUBLISHED[profile] - {"grafana", "grafana-scale"}


class TestImage:
    def test_copies_what_is_in_the_repository(self):
        tracked = subprocess.run(
            ["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout.split()
        for word, text in instructions():
            if word == "COPY" and not text.startswith("--from"):
                *sources, _ = text.split()
                for source in sources:
                    assert any(file == source or file.startswith(f"{source}/") for file in tracked), source

    def test_is_sent_nothing_that_it_does_not_copy(self):
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        assert "*" in ignored
        sent = {line[1:] for line in ignored if line.startswith("!")}
        copied = {source for word, text in instructions() if word == "COPY" for source in text.split()[:-1]}
        assert sent == {source for source in copied if not source.startswith(("--from", "/"))}

    def test_copies_all_that_the_wheel_is_made_of(self):
        """What pyproject.toml names must be there when it is built."""
        project = (ROOT / "pyproject.toml").read_text()
        copied = {source for word, text in instructions() if word == "COPY" for source in text.split()[:-1]}
        included = re.findall(r'^"(\w+)" = "apivitals/shipped/', project, re.MULTILINE)
        assert {*included, "src", "README.md", "LICENSE", "pyproject.toml"} <= copied

    def test_leaves_building_behind_and_runs_as_nobody_in_particular(self):
        words = [word for word, _ in instructions()]
        last = len(words) - 1 - words[::-1].index("FROM")
        final = dict(instructions()[last:])
        assert words.count("FROM") == 2
        assert final["COPY"].startswith("--from=build ")
        user, group = final["USER"].split(":")
        assert user == group
        assert f"--uid {user} " in final["RUN"]
        assert int(user) >= 10_000

    def test_installs_extras_that_there_are(self):
        project = (ROOT / "pyproject.toml").read_text()
        ((extras,),) = [
            re.findall(r"whl\)\[([\w,-]+)\]", text) for word, text in instructions() if word == "RUN" and "whl" in text
        ]
        for extra in extras.split(","):
            assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra

    def test_has_the_programs_that_its_services_run(self):
        for profile in PROFILES:
            for service in services(profile).values():
                if service.image == BUILT and service.command:
                    assert (Path(sys.executable).parent / service.command[0]).exists(), service.command
