# shellcheck shell=bash
# The stack's python3, and the app's packages by uv where there is one, else by pip.

check_python() {
  PYTHON="$(PATH="/usr/bin:$PATH" command -v python3)" ||
    fail "There is no python3 in this stack. Use the official python_buildpack here."
  local version wanted
  version="$("$PYTHON" -c 'import platform; print(platform.python_version())')"
  info "Using python $version of the stack"
  if [ ! -f "$BUILD_DIR/runtime.txt" ]; then return; fi
  wanted="$(tr -d ' \t\r\n' <"$BUILD_DIR/runtime.txt")"
  wanted="${wanted#python-}"
  # "3.11.x" and "3.11" are lines of versions, "3.11.2" is one.
  case "$version." in
    "${wanted%.x}".*) ;;
    *) fail "runtime.txt asks for python $wanted, the stack has $version. Change or remove runtime.txt, or use the official python_buildpack." ;;
  esac
}

install_packages() {
  local requirements="$BUILD_DIR/requirements.txt"
  if [ -f "$requirements" ]; then
    install_with -r "$requirements"
  elif [ -f Pipfile.lock ]; then
    info "Reading Pipfile.lock"
    write_locked_requirements >"$CACHE_DIR/requirements-of-pipfile-lock.txt" ||
      fail "Cannot read Pipfile.lock; write it anew with pipenv lock."
    install_with -r "$CACHE_DIR/requirements-of-pipfile-lock.txt"
  elif [ -f Pipfile ]; then
    fail "There is a Pipfile but no Pipfile.lock: run pipenv lock, or add a requirements.txt."
  else
    install_with .
  fi
}

install_with() {
  local arguments=("$@")
  # Packages that came with the app: the network is not asked.
  if [ -d vendor ] && [ "$(ls -A vendor)" ]; then
    info "Using the packages in vendor, without network"
    arguments+=(--no-index "--find-links=$BUILD_DIR/vendor")
  elif [ "$1" = -r ] && ! grep -q '^[[:space:]]*[^#[:space:]]' "$2"; then
    info "No packages are asked for: nothing to install"
    return
  fi
  if command -v uv >/dev/null; then
    info "Running uv pip install ${*##*/}"
    UV_LINK_MODE=copy uv pip install --quiet --python "$VENV/bin/python" --cache-dir "$CACHE_DIR/uv" "${arguments[@]}" ||
      fail "uv pip install failed: see above."
  else
    info "Running pip install ${*##*/}"
    pip_install "${arguments[@]}" || fail "pip install failed: see above."
  fi
}

pip_install() {
  local pip=("$PYTHON" -m pip)
  "${pip[@]}" --version >/dev/null 2>&1 || fail "There is no pip in this stack (package python3-pip)."
  # pip installs into another environment since 22.3; an older one is put into the environment itself.
  if "${pip[@]}" --help | grep -q -- '--python '; then
    pip+=(--python "$VENV/bin/python")
  else
    "$VENV/bin/python" -m ensurepip >/dev/null || fail "There is no ensurepip in this stack (package python3-venv)."
    pip=("$VENV/bin/python" -m pip)
  fi
  "${pip[@]}" install --disable-pip-version-check --no-warn-script-location --no-input --progress-bar=off \
    --cache-dir "$CACHE_DIR/pip" "$@"
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

# The environment moves from the staging folder to /home/vcap/deps: programs must find their python by PATH.
make_relocatable() {
  local file
  for file in "$VENV/bin"/*; do
    if [ -f "$file" ] && [ ! -L "$file" ] && head -c 512 "$file" | grep -aq "$VENV/bin/python"; then
      sed -i -e '1s|^#!.*/bin/python[0-9.]*.*$|#!/usr/bin/env python|' \
        -e "2s|^'''exec' .*/bin/python[0-9.]*\"\\{0,1\\} \"\$0\" \"\$@\"\$|'''exec' python \"\$0\" \"\$@\"|" "$file"
    fi
  done
  rm -f "$VENV/bin"/activate* "$VENV/bin"/Activate*
}
