# shellcheck shell=bash
# The app's packages, by the first of the files that name them.

install_packages() {
  if [ -f requirements.txt ]; then
    install_with -r requirements.txt
  elif [ -f Pipfile.lock ]; then
    info "Reading Pipfile.lock"
    write_locked_requirements >"$CACHE_DIR/requirements-of-pipfile-lock.txt" ||
      fail "Cannot read Pipfile.lock; write it anew with pipenv lock."
    install_with -r "$CACHE_DIR/requirements-of-pipfile-lock.txt"
  elif [ -f Pipfile ]; then
    fail "There is a Pipfile but no Pipfile.lock: run pipenv lock, or add a requirements.txt."
  elif [ -f poetry.lock ]; then
    install_with_poetry_lock
  elif [ -f uv.lock ]; then
    install_with_uv_lock
  elif [ -f pyproject.toml ] || [ -f setup.py ]; then
    install_with .
  else
    # Named with -b, the official buildpack stages such an app too: it may need no more than Python.
    warn "There is no requirements.txt, Pipfile.lock, poetry.lock, uv.lock, pyproject.toml or setup.py in the root folder of the app: no packages are installed. pip freeze >requirements.txt makes the first."
  fi
}

install_with() {
  local arguments=("$@")
  # Packages that came with the app: the network is not asked, whatever index the requirements name.
  if [ -d vendor ] && [ "$(ls -A vendor)" ]; then
    info "Using the packages in vendor, without network"
    arguments+=(--no-index "--find-links=$BUILD_DIR/vendor")
    if [ "$1" = -r ]; then sed -i -E '/^[[:space:]]*(-i|--index-url|--extra-index-url)[[:space:]=]/d' "$2"; fi
  elif [ "$1" = -r ] && ! grep -q '^[[:space:]]*[^#[:space:]]' "$2"; then
    info "No packages are asked for: nothing to install"
    return
  fi
  if command -v uv >/dev/null; then
    info "Running uv pip install ${*##*/}"
    # uv takes a folder for built while its pyproject.toml is as it was, whatever the code.
    if [ "$1" = . ]; then arguments+=(--no-cache); fi
    UV_LINK_MODE=copy uv pip install --quiet --python "$VENV/bin/python" --cache-dir "$CACHE_DIR/uv" "${arguments[@]}" ||
      explain_failure "uv pip install" "$@"
  else
    info "Running pip install ${*##*/}"
    pip_install "$VENV" "${arguments[@]}" || explain_failure "pip install" "$@"
  fi
}

explain_failure() {
  if [ "$2" = . ] && [ ! -f setup.py ] && ! grep -q '^\[build-system\]' pyproject.toml; then
    fail "$1 failed: see above. pyproject.toml has no [build-system]; with a requirements.txt, poetry.lock or uv.lock the app itself is not built."
  fi
  if [ -d vendor ]; then fail "$1 failed: see above. All packages must lie in vendor: pip download -r requirements.txt -d vendor brings them there."; fi
  fail "$1 failed: see above."
}

# pip_install ENVIRONMENT ARGUMENT...
pip_install() {
  local environment="$1" pip=("$PYTHON" -m pip)
  shift
  "${pip[@]}" --version >/dev/null 2>&1 || fail "There is no pip in this stack (package python3-pip)."
  # pip installs into another environment since 22.3; an older one is put into the environment itself.
  if "${pip[@]}" --help | grep -q -- '--python '; then
    pip+=(--python "$environment/bin/python")
  else
    "$environment/bin/python" -m ensurepip >/dev/null || fail "There is no ensurepip in this stack (package python3-venv)."
    pip=("$environment/bin/python" -m pip)
  fi
  indented "${pip[@]}" install --disable-pip-version-check --no-warn-script-location --no-input --progress-bar=off \
    --cache-dir "$CACHE_DIR/pip" "$@"
}

# The app itself runs from its folder and is not installed: it would be tied to the place where it was staged, or to the
# code of an earlier staging.
install_with_poetry_lock() {
  local requirements="$CACHE_DIR/requirements-of-poetry-lock.txt"
  info "Reading poetry.lock"
  "$PYTHON" "$BUILDPACK_DIR/lib/poetry_requirements.py" "$CACHE_DIR/constraints-of-poetry-lock.txt" >"$requirements" ||
    fail "Cannot read poetry.lock: see above. poetry lock on your machine writes it anew."
  write_source_path
  install_with -r "$requirements"
}

# uv reads its lock file itself: groups, markers, sources and hashes are its to judge.
install_with_uv_lock() {
  write_source_path
  TOOL="$(command -v uv)" || bring_tool uv uv
  info "Running uv sync --locked --no-dev --no-install-project"
  UV_PROJECT_ENVIRONMENT="$VENV" UV_PYTHON="$PYTHON" UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy \
    "$TOOL" sync --locked --no-dev --no-install-project --no-editable --no-progress --cache-dir "$CACHE_DIR/uv" ||
    fail "uv sync failed: see above. Where uv.lock does not fit pyproject.toml, uv lock on your machine mends it."
}

# shellcheck disable=SC2016 # expanded when the app starts
write_source_path() {
  if [ ! -d src ]; then return; fi
  printf 'export PYTHONPATH="$HOME/src${PYTHONPATH:+:$PYTHONPATH}"\n' >>"$VENV/profile.d/python.sh"
}

# bring_tool NAME REQUIREMENT: sets TOOL to a program of the index, which serves stagings alone and stays in the cache.
bring_tool() {
  local folder="$CACHE_DIR/tools/$1-python-${PYTHON_VERSION%.*}"
  TOOL="$folder/bin/$1"
  if "$TOOL" --version >/dev/null 2>&1; then
    info "Using $("$TOOL" --version) of the cache"
    return
  fi
  rm -rf "$CACHE_DIR/tools"
  "$PYTHON" -m venv --without-pip "$folder"
  info "Installing $1 for the staging"
  pip_install "$folder" --quiet "$2" || fail "Cannot install $1: see above. A requirements.txt beside the lock file needs no $1."
}

# Pipfile.lock pins every package with its hashes; pip reads the same as requirements.
write_locked_requirements() {
  "$PYTHON" - Pipfile.lock <<'PYTHON'
import json, sys

packages = json.load(open(sys.argv[1]))["default"]
for name, locked in sorted(packages.items()):
    if "version" not in locked:
        sys.exit(f"{name} is not a package of an index")
    extras = "[" + ",".join(locked["extras"]) + "]" if locked.get("extras") else ""
    markers = f" ; {locked['markers']}" if locked.get("markers") else ""
    hashes = "".join(f" --hash={value}" for value in locked.get("hashes", []))
    print(f"{name}{extras}{locked['version']}{markers}{hashes}")
PYTHON
}
