# shellcheck shell=bash
# The stack's Ruby, and the app's gems by Bundler. Gems of the stack that fit the Gemfile are used where they lie.

# use_gem_folder FOLDER: what is installed goes there, and is found there at run time.
use_gem_folder() {
  GEM_FOLDER="$1/gems"
  export GEM_HOME="$GEM_FOLDER" PATH="$GEM_FOLDER/bin:$PATH"
  export BUNDLE_GEMFILE="$BUILD_DIR/Gemfile" BUNDLE_APP_CONFIG="$1/bundle" BUNDLE_USER_HOME="$1/bundle"
  export BUNDLE_PATH__SYSTEM=true BUNDLE_SILENCE_ROOT_WARNING=true BUNDLE_DISABLE_VERSION_CHECK=true
  export BUNDLE_WITHOUT="${BUNDLE_WITHOUT:-development:test}"
  mkdir -p "$GEM_FOLDER"
}

# The Gemfile's own words on the version are checked before anything is loaded.
check_ruby() {
  local version wanted
  version="$(ruby -e 'print RUBY_VERSION')"
  if [ -f .ruby-version ]; then
    wanted="$(tr -d ' \t\r\n' <.ruby-version)"
    wanted="${wanted#ruby-}"
    case "$version." in
      "$wanted".*) ;;
      *) warn ".ruby-version asks for ruby $wanted, the stack has $version; only the Gemfile's \"ruby\" is binding." ;;
    esac
  fi
  info "Using ruby $version and bundler $(bundle --version | awk '{ print $NF }') of the stack"
}

install_gems() {
  local arguments=(--jobs=4 --retry=2)
  if [ -d "$CACHE_DIR/gems" ]; then cp -a "$CACHE_DIR/gems/." "$GEM_FOLDER/"; fi
  if [ -f Gemfile.lock ]; then
    export BUNDLE_FROZEN=true
  else
    warn "There is no Gemfile.lock: the versions of gems are chosen anew at every staging."
  fi
  # What is here already, in the stack, in vendor/cache or from the last staging, needs no network.
  if bundle install "${arguments[@]}" --local >"$BUILDPACK_LOG" 2>&1; then
    info "Using the gems of the stack, of vendor/cache and of the cache"
  else
    info "Running: bundle install ${arguments[*]}"
    if ! bundle install "${arguments[@]}" >"$BUILDPACK_LOG" 2>&1; then
      cat "$BUILDPACK_LOG" >&2
      explain_failure
    fi
  fi
  grep -E '^(Installing|Fetching|Bundle complete)' "$BUILDPACK_LOG" | sed 's/^/       /' || true
  if [ -f Gemfile.lock ]; then bundle clean --force >/dev/null 2>&1 || true; fi
  rm -rf "$GEM_FOLDER/cache" "$CACHE_DIR/gems"
  cp -a "$GEM_FOLDER" "$CACHE_DIR/gems"
}

explain_failure() {
  if grep -q 'Your Ruby version is' "$BUILDPACK_LOG"; then
    fail "The stack has ruby $(ruby -e 'print RUBY_VERSION') alone: change \"ruby\" in the Gemfile, or use the official ruby_buildpack."
  fi
  if grep -q 'mkmf' "$BUILDPACK_LOG"; then
    fail "A gem has native parts, which need the packages ruby-dev and build-essential in the stack: see above."
  fi
  if grep -q 'only supports platforms' "$BUILDPACK_LOG"; then
    fail "Gemfile.lock was written for other machines alone. On yours: bundle lock --add-platform $(uname -m)-linux, then push again."
  fi
  if grep -qE 'frozen|deployment mode|Run .bundle install. elsewhere' "$BUILDPACK_LOG"; then
    fail "Gemfile.lock does not fit the Gemfile. On your machine: bundle install, then push both."
  fi
  fail "bundle install failed: see above."
}

# Sourced when the app starts; what the app's owner has set stays.
write_profile() {
  mkdir -p "$DEPS_DIR/$INDEX/profile.d"
  cat >"$DEPS_DIR/$INDEX/profile.d/ruby.sh" <<PROFILE
export GEM_HOME="\$DEPS_DIR/$INDEX/gems"
export PATH="\$GEM_HOME/bin:\$PATH"
if [ -d /opt/ruby/bin ]; then export PATH="\$PATH:/opt/ruby/bin"; fi
export BUNDLE_GEMFILE="\${BUNDLE_GEMFILE:-\$HOME/Gemfile}"
export BUNDLE_APP_CONFIG="\$DEPS_DIR/$INDEX/bundle"
export BUNDLE_PATH__SYSTEM=true
export BUNDLE_WITHOUT="\${BUNDLE_WITHOUT:-development:test}"
export RAILS_ENV="\${RAILS_ENV:-production}"
export RACK_ENV="\${RACK_ENV:-production}"
export RAILS_SERVE_STATIC_FILES="\${RAILS_SERVE_STATIC_FILES:-enabled}"
export RAILS_LOG_TO_STDOUT="\${RAILS_LOG_TO_STDOUT:-enabled}"
export MALLOC_ARENA_MAX="\${MALLOC_ARENA_MAX:-2}"
PROFILE
}
