"""poetry_requirements.py: what poetry.lock of the working folder pins, as requirements that pip and uv read.

Locks of Poetry 2 say of each package the groups and markers for which it was locked: those of the group main are printed,
complete. Older ones do not: then the dependencies that pyproject.toml names are printed, at their locked versions, and all
locked versions go to the file of the first argument, as constraints for what they lead to.
"""

import re
import sys

try:
    import tomllib
except ImportError:  # before Python 3.11
    from pip._vendor import tomli as tomllib


def load(name):
    with open(name, "rb") as file:
        return tomllib.load(file)


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def place(package):
    """What stands for the package: its version, or where it comes from when that is no index."""
    source = package.get("source", {})
    kind = source.get("type", "legacy")
    if kind == "git":
        reference = source.get("resolved_reference") or source["reference"]
        return f"{package['name']} @ git+{source['url']}@{reference}"
    if kind in ("directory", "file"):
        path = source["url"]
        return path if path.startswith(("/", "./", "../")) else f"./{path}"
    if kind == "url":
        return f"{package['name']} @ {source['url']}"
    return f"{package['name']}=={package['version']}"


def is_pinned(line):
    return "==" in line and " @ " not in line


def markers_of(package):
    markers = package.get("markers", "")
    return markers.get("main", "") if isinstance(markers, dict) else markers


def of_main(lock):
    for package in lock:
        if "main" not in package["groups"] or package.get("optional"):
            continue
        markers = markers_of(package)
        yield place(package) + (f" ; {markers}" if markers else ""), package.get("files", [])


def named(pyproject, lock):
    """The dependencies of pyproject.toml, for locks that know no groups."""
    by_name = {plain(package["name"]): package for package in lock}
    wanted = dict(pyproject.get("tool", {}).get("poetry", {}).get("dependencies", {}))
    for requirement in pyproject.get("project", {}).get("dependencies", []):
        wanted.setdefault(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0], {})
    for name, constraint in wanted.items():
        package = by_name.get(plain(name))
        settings = constraint if isinstance(constraint, dict) else {}
        if package is None or settings.get("optional"):
            continue
        line = place(package)
        if settings.get("extras") and is_pinned(line):
            line = line.replace("==", f"[{','.join(settings['extras'])}]==", 1)
        yield line


def main():
    lock = load("poetry.lock").get("package", [])
    for url in sorted({p["source"]["url"] for p in lock if p.get("source", {}).get("type") == "legacy"}):
        print(f"--extra-index-url {url}")
    if all("groups" in package for package in lock):
        lines = list(of_main(lock))
        # pip wants hashes for all or for none, and a repository or a folder has none.
        hashed = all(is_pinned(line) and files for line, files in lines)
        for line, files in lines:
            print(line + ("".join(f" --hash={file['hash']}" for file in files) if hashed else ""))
        return
    with open(sys.argv[1], "w", encoding="utf-8") as constraints:
        versions = {}
        for package in lock:
            versions.setdefault(plain(package["name"]), set()).add(place(package))
        # One that is locked twice, for different Pythons, is left to pip.
        constraints.writelines(f"{min(places)}\n" for places in versions.values() if len(places) == 1 and is_pinned(min(places)))
    print(f"-c {sys.argv[1]}")
    for line in named(load("pyproject.toml"), lock):
        print(line)


main()
