# shellcheck shell=bash disable=SC2034 # what the scripts read
# Which python of the stack: its python3, or the one of several that the app asks for.

# Sets PYTHON and PYTHON_VERSION.
choose_python() {
  local wanted="" source="" candidate line
  PYTHON="$(PATH="/usr/bin:$PATH" command -v python3)" ||
    fail "There is no python3 in this stack. Use the official python_buildpack here."
  PYTHON_VERSION="$(version_of "$PYTHON")"
  if [ -f "$BUILD_DIR/runtime.txt" ]; then
    source=runtime.txt wanted="$(tr -d ' \t\r\n' <"$BUILD_DIR/runtime.txt")"
  elif [ -f "$BUILD_DIR/Pipfile.lock" ] && [ ! -f "$BUILD_DIR/requirements.txt" ]; then
    source=Pipfile.lock wanted="$(python_of_pipfile_lock)"
  elif [ -f "$BUILD_DIR/.python-version" ]; then
    source=.python-version
    wanted="$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$BUILD_DIR/.python-version" | head -n 1 | tr -d ' \t\r')"
  fi
  wanted="${wanted#python-}"
  # 3.11.x, 3.11 and 3 are lines of versions, 3.11.2 is one. Of one the line counts: its later patches run the same app.
  wanted="${wanted%.x}"
  line="$(cut -d . -f 1,2 <<<"$wanted")"
  if [ -n "$line" ] && ! fits_line "$PYTHON_VERSION" "$line"; then
    for candidate in /opt/python*/bin/python3 /usr/local/bin/python3.[0-9]* /usr/bin/python3.[0-9]*; do
      case "$candidate" in *-config) continue ;; esac
      if [ -x "$candidate" ] && fits_line "$(version_of "$candidate")" "$line"; then
        PYTHON="$candidate" PYTHON_VERSION="$(version_of "$candidate")"
        break
      fi
    done
  fi
  if [ -n "$line" ] && ! fits_line "$PYTHON_VERSION" "$line"; then
    if [ "$source" = .python-version ]; then
      # The official buildpack does not read this file, so it may not stop an app here.
      warn ".python-version asks for python $wanted, the stack has $PYTHON_VERSION."
    else
      fail "$source asks for python $wanted, the stack has $PYTHON_VERSION. Change it there, or use the official python_buildpack."
    fi
  elif [[ $wanted == *.*.* ]] && [ "$wanted" != "$PYTHON_VERSION" ]; then
    warn "$source asks for python $wanted; the stack's $PYTHON_VERSION of the same line is used."
  fi
  info "Using python $PYTHON_VERSION of the stack"
}

version_of() { "$1" -c 'import platform; print(platform.python_version())'; }

fits_line() { case "$1." in "$2".*) true ;; *) false ;; esac }

python_of_pipfile_lock() {
  "$PYTHON" - "$BUILD_DIR/Pipfile.lock" 2>/dev/null <<'PYTHON' || true
import json, sys

requires = json.load(open(sys.argv[1])).get("_meta", {}).get("requires", {})
print(requires.get("python_full_version") or requires.get("python_version") or "")
PYTHON
}
