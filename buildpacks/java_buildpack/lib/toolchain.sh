# shellcheck shell=bash
# Java of the stack: one version, or several below /usr/lib/jvm of which the app chooses one.

# Sets JAVA_HOME. JBP_CONFIG_OPEN_JDK_JRE='{ jre: { version: 17.+ } }' or BP_JVM_VERSION=17 ask for a version.
use_java() {
  local wanted major folder
  wanted="$(sed -n 's/.*version: *["'\'']\{0,1\}\(1\.\)\{0,1\}\([0-9]\{1,\}\).*/\2/p' <<<"${JBP_CONFIG_OPEN_JDK_JRE:-}")"
  wanted="${wanted:-${BP_JVM_VERSION:-}}"
  wanted="${wanted%%.*}"
  use_toolchain java java default-jdk-headless
  JAVA_HOME="$(readlink -f "$(command -v java)")"
  JAVA_HOME="${JAVA_HOME%/bin/java}"
  major="$(java_major "$JAVA_HOME")"
  if [ -n "$wanted" ] && [ "$wanted" != "$major" ]; then
    for folder in /opt/java-"$wanted" /usr/lib/jvm/java-"$wanted"-* /usr/lib/jvm/*-"$wanted"-*; do
      if [ -x "$folder/bin/java" ]; then
        JAVA_HOME="$folder" major="$wanted"
        break
      fi
    done
    if [ "$major" != "$wanted" ]; then
      fail "The app asks for Java $wanted. The stack has: $(java_versions). Change the version, or use the official java_buildpack."
    fi
  fi
  export JAVA_HOME PATH="$JAVA_HOME/bin:$PATH"
  if [ -z "${JAVA_WAS_TOLD:-}" ]; then info "Using Java $major of the stack ($JAVA_HOME)"; fi
}

java_major() { "$1/bin/java" -XshowSettings:properties -version 2>&1 | sed -n 's/ *java\.specification\.version = \(1\.\)\{0,1\}//p'; }

java_versions() {
  local folder
  for folder in "$JAVA_HOME" /usr/lib/jvm/*; do
    if [ -x "$folder/bin/java" ] && [ ! -L "$folder" ]; then java_major "$folder"; fi
  done | sort -nu | paste -sd ' '
}

# Sourced when the app starts.
# shellcheck disable=SC2016 # expanded then
write_java_profile() {
  printf 'export JAVA_HOME="${JAVA_HOME:-%s}"\n' "$JAVA_HOME"
  printf 'export PATH="$JAVA_HOME/bin:$PATH"\n'
  printf 'export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"\n'
  printf 'export JAVA_CLASS_COUNT="$(cat "$DEPS_DIR/%s/class-count")"\n' "$INDEX"
}
