# shellcheck shell=bash
# The virtual environment: made for each staging, filled with what the last one installed, and moved to /home/vcap/deps.

# What the packages depend on. Where it is as it was, installing finds them there and asks no index for them.
environment_key() {
  {
    echo "$PYTHON_VERSION $PYTHON"
    find . -maxdepth 2 \( -name '*requirements*' -o -name Pipfile.lock -o -name poetry.lock -o -name uv.lock -o -name pyproject.toml \
      -o -name 'setup.*' -o -name 'constraints*' -o -path './requirements*/*.txt' \) -type f -not -path './vendor/*' -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum | cut -d ' ' -f 1
}

restore_environment() {
  local installed="$CACHE_DIR/installed"
  # Of the files as they were pushed: installing from vendor edits them.
  ENVIRONMENT_KEY="$(environment_key)"
  if [ ! -f "$installed/key" ]; then
    info "There are no packages of a last staging yet: the next one will have some"
  elif [ "$(cat "$installed/key")" != "$ENVIRONMENT_KEY" ]; then
    info "Requirements or Python have changed: packages are installed anew"
  else
    info "Using the packages of the last staging ($(du -sh "$installed" | cut -f 1))"
    cp -a "$installed/lib/." "$VENV/lib/"
    cp -an "$installed/bin/." "$VENV/bin/" 2>/dev/null || true
  fi
}

# After make_relocatable: nothing in it may name the place of this staging.
save_environment() {
  local installed="$CACHE_DIR/installed"
  rm -rf "$installed"
  mkdir -p "$installed"
  cp -a "$VENV/lib" "$VENV/bin" "$installed/"
  find "$installed/bin" -name 'python*' -delete
  echo "$ENVIRONMENT_KEY" >"$installed/key"
}

# Programs must find their python by PATH.
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
