# shellcheck shell=bash disable=SC2154 # what describe_app sets
# The app's packages: npm or yarn, from the cache of the last staging where possible.

install_packages() {
  cd "$BUILD_DIR" || fail "Cannot enter the folder of the app."
  run_script heroku-prebuild "$PREBUILD_SCRIPT"
  if [ -d node_modules ] && [ "$(ls -A node_modules)" ]; then
    rebuild_vendored
  elif [ -f yarn.lock ]; then
    install_with_yarn
  elif needs_install; then
    install_with_npm
  else
    info "package.json asks for no packages: nothing to install"
  fi
  run_script heroku-postbuild "$POSTBUILD_SCRIPT"
}

# Without packages, and scripts that installing would run, no network is touched.
needs_install() {
  [ "$HAS_PACKAGES" = yes ] || { [ "$HAS_DEVELOPMENT_PACKAGES" = yes ] && wants_development_packages; }
}

wants_development_packages() {
  [ "$NODE_ENV" != production ] || [ "${NPM_CONFIG_PRODUCTION:-true}" = false ]
}

npm_options() {
  printf '%s\n' --no-audit --no-fund --no-update-notifier --loglevel=warn --prefer-offline --cache "$CACHE_DIR/npm"
  if wants_development_packages; then echo --include=dev; fi
}

install_with_npm() {
  local options
  mapfile -t options < <(npm_options)
  mkdir -p "$CACHE_DIR/npm"
  if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then
    info "Installing node modules (package.json + lock file): npm ci"
    npm ci "${options[@]}" || fail "npm ci failed: see above. Does the lock file fit package.json?"
  else
    info "Installing node modules (package.json): npm install"
    npm install --no-package-lock "${options[@]}" || fail "npm install failed: see above."
  fi
}

# node_modules that came with the app are used as they are; native parts are built again for this stack.
rebuild_vendored() {
  local options
  mapfile -t options < <(npm_options)
  info "Prebuild detected (node_modules already exists)"
  info "Rebuilding any native modules"
  npm rebuild "${options[@]}" || fail "npm rebuild failed: see above."
  if ! npm ls --depth=0 --omit=dev >/dev/null 2>&1; then
    info "Installing what package.json asks for and node_modules lacks"
    npm install --no-package-lock "${options[@]}" || fail "npm install failed: see above."
  fi
}

install_with_yarn() {
  local options=(--non-interactive --cache-folder "$CACHE_DIR/yarn" --prefer-offline)
  info "Installing node modules (yarn.lock)"
  if [ -d npm-packages-offline-cache ]; then
    info "Found yarn mirror directory npm-packages-offline-cache: running yarn in offline mode"
    yarn config set yarn-offline-mirror "$BUILD_DIR/npm-packages-offline-cache" >/dev/null
    options+=(--offline)
  fi
  case "$(yarn --version)" in
    1.*) ;;
    *) options=(--immutable) ;;
  esac
  if [ "${options[0]}" = --immutable ]; then
    YARN_CACHE_FOLDER="$CACHE_DIR/yarn" yarn install "${options[@]}" || fail "yarn install failed: see above."
    return
  fi
  if wants_development_packages; then options+=(--production=false); fi
  yarn install --frozen-lockfile "${options[@]}" || fail "yarn install failed: see above. Does yarn.lock fit package.json?"
}

run_script() {
  if [ -z "$2" ]; then return; fi
  info "Running $1 (npm)"
  npm run --silent "$1" || fail "The script \"$1\" of package.json failed."
}
