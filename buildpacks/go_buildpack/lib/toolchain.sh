# shellcheck shell=bash disable=SC2034 # what the scripts read
# Go of the stack. Another version, where the app asks for one, comes through the Go module proxy, as Go itself does it.

use_go() {
  use_toolchain go go golang-go
  STACK_GO="$(GOTOOLCHAIN=local go env GOVERSION)"
  # Modules, packages that were built and toolchains stay from one staging to the next.
  export GOPATH="$CACHE_DIR/go" GOCACHE="$CACHE_DIR/go-build" GOFLAGS="-modcacherw ${GOFLAGS:-}"
  mkdir -p "$GOPATH" "$GOCACHE"
}

# GOVERSION, else the go and toolchain lines of go.mod, which Go reads itself.
choose_go_version() {
  local wanted="${GOVERSION:-}" minor
  unset GOVERSION
  wanted="${wanted#go}"
  wanted="${wanted%.x}"
  # The newest that the buildpack has, which is the stack's.
  if [ "$wanted" = latest ]; then wanted=""; fi
  export GOTOOLCHAIN=auto
  case "${STACK_GO#go}." in
    "${wanted:-${STACK_GO#go}}".*) info "Using $STACK_GO of the stack" ;;
    *)
      if [[ ! $wanted =~ ^1\.[0-9]+\.[0-9]+$ ]]; then
        fail "GOVERSION asks for $wanted, the stack has $STACK_GO. A whole version, such as 1.25.0, is installed through the Go module proxy."
      fi
      info "Installing go $wanted through the Go module proxy: the stack has $STACK_GO"
      export GOTOOLCHAIN="go$wanted"
      ;;
  esac
  minor="${STACK_GO#go1.}"
  if [ "${minor%%.*}" -lt 21 ]; then
    # Before 1.21 Go installs no other version and refuses what it does not know.
    if [ "$GOTOOLCHAIN" != auto ]; then fail "$STACK_GO of the stack cannot install another version: 1.21 or later can."; fi
    return
  fi
  # The version that go.mod asks for is installed here, so that a failure is told as what it is.
  (cd "$BUILD_DIR" && go version >"$CACHE_DIR/go-version" 2>&1) || {
    cat "$CACHE_DIR/go-version" >&2
    wanted="${wanted:+GOVERSION: $wanted}"
    fail "Cannot install the version of Go that the app asks for (${wanted:-go.mod: $(grep -hE '^(go|toolchain) ' "$BUILD_DIR/go.mod" | paste -sd ' ')}). The stack has $STACK_GO."
  }
  if [ "$(awk '{ print $3 }' "$CACHE_DIR/go-version")" != "$STACK_GO" ]; then
    info "Using $(awk '{ print $3 }' "$CACHE_DIR/go-version"), which the app asks for"
  fi
}
