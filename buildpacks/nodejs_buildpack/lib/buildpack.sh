# shellcheck shell=bash
# What every buildpack here shares; the copies in the other buildpacks are kept equal by a test.
# Source it with BUILDPACK_DIR set.

# The official buildpacks' markers, which people and tools look for in the log.
step() { printf -- '-----> %s\n' "$*"; }
info() { printf -- '       %s\n' "$*"; }
warn() { printf -- '       **WARNING** %s\n' "$*"; }
fail() {
  printf -- '       **ERROR** %s\n' "$*" >&2
  exit 1
}

# indented COMMAND...: what others' programs say stands below the buildpack's own words; their errors are passed as they come.
indented() { "$@" | stdbuf -oL sed 's/^/       /'; }

buildpack_version() { cat "$BUILDPACK_DIR/VERSION"; }

# write_config DEPS_DIR INDEX NAME: what the platform shows as the buildpack's name and version.
write_config() {
  printf 'name: %s\nversion: "%s"\nconfig: {}\n' "$3" "$(buildpack_version)" >"$1/$2/config.yml"
}

# write_web_process DEPS_DIR INDEX COMMAND: the start command, for platforms that read launch.yml.
write_web_process() {
  printf 'processes:\n- type: web\n  command: %s\n' "$3" >"$1/$2/launch.yml"
}

# use_toolchain NAME PROGRAM PACKAGES: a toolchain of the stack, from /opt/NAME where the stack has it there, else from the
# folders of the system. Without it the error names what would bring it.
use_toolchain() {
  local folder
  for folder in /usr/sbin /usr/local/go/bin /usr/lib/go/bin; do
    if [ -d "$folder" ]; then export PATH="$PATH:$folder"; fi
  done
  if [ -d "/opt/$1/bin" ]; then export PATH="/opt/$1/bin:$PATH"; fi
  if command -v "$2" >/dev/null; then return; fi
  fail "There is no $2 in this stack. On Debian and Ubuntu the packages $3 bring it; scripts/setup --languages installs them for the default stack. Or use the official buildpack of this name."
}

# tell_cache FOLDER NAME: whether the last staging left something there, so that a developer sees why a staging is fast or slow.
tell_cache() {
  if [ -n "$(ls -A "$1" 2>/dev/null)" ]; then
    info "Using the $2 cache of the last staging ($(du -sh "$1" | cut -f 1))"
  else
    info "There is no $2 cache yet: the next staging will have one"
  fi
}

# use_supplied DEPS_DIR: makes what earlier buildpacks supplied usable in this staging; the last one comes first.
use_supplied() {
  local dependency variable
  for dependency in "$1"/*/; do
    dependency="${dependency%/}"
    if [ -d "$dependency/bin" ]; then export PATH="$dependency/bin:$PATH"; fi
    if [ -d "$dependency/lib" ]; then
      export LD_LIBRARY_PATH="$dependency/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
      export LIBRARY_PATH="$dependency/lib${LIBRARY_PATH:+:$LIBRARY_PATH}"
    fi
    if [ -d "$dependency/include" ]; then export CPATH="$dependency/include${CPATH:+:$CPATH}"; fi
    if [ -d "$dependency/pkgconfig" ]; then
      export PKG_CONFIG_PATH="$dependency/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
    fi
    for variable in "$dependency"/env/*; do
      if [ -f "$variable" ]; then export "${variable##*/}=$(cat "$variable")"; fi
    done
  done
}

# warn_about_port PROCFILE: servers that listen on a port of their own unless they are told; the app would start and be killed.
warn_about_port() {
  local command
  if [ ! -f "$1" ]; then return; fi
  command="$(sed -n 's/^web: *//p' "$1" | head -n 1)"
  case "$command" in
    *PORT*) ;;
    *'flask run'* | *'manage.py runserver'* | *uvicorn* | *hypercorn* | *waitress-serve* | *'http.server'* | *rackup* | *'php -S'* | *'next dev'* | *'ng serve'*)
      warn "Procfile: \"$command\" does not name \$PORT, where the app must listen, on 0.0.0.0. Add it, such as --port \$PORT."
      return
      ;;
  esac
  case "$command" in
    *127.0.0.1* | *localhost*) warn "Procfile: \"$command\" listens on this address alone; the router reaches the app on 0.0.0.0:\$PORT." ;;
  esac
}

# write_launch_environment DEPS_DIR PROFILE_DIR: the same at run time, where the dependencies lie at $DEPS_DIR. Called
# by the last buildpack.
write_launch_environment() {
  local dependency index file script="$2/000_multi-supply.sh"
  : >"$script"
  for dependency in "$1"/*/; do
    dependency="${dependency%/}"
    index="${dependency##*/}"
    # shellcheck disable=SC2016 # expanded when the app starts
    if [ -d "$dependency/bin" ]; then printf 'export PATH="$DEPS_DIR/%s/bin:$PATH"\n' "$index" >>"$script"; fi
    if [ -d "$dependency/lib" ]; then
      # shellcheck disable=SC2016
      printf 'export LD_LIBRARY_PATH="$DEPS_DIR/%s/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\n' "$index" >>"$script"
    fi
    for file in "$dependency"/profile.d/*; do
      if [ -f "$file" ]; then cp "$file" "$2/${index}_${file##*/}"; fi
    done
  done
}
