# shellcheck shell=bash
# What a Ruby app is, by the gems it has.

# has_gem NAME: among those the Gemfile leads to.
has_gem() { bundle list --name-only 2>/dev/null | grep -qx "$1"; }

precompile_assets() {
  if ! has_gem railties || [ ! -f Rakefile ]; then return; fi
  if [ -n "$(find public/assets -maxdepth 1 \( -name 'manifest-*.json' -o -name '.sprockets-manifest-*.json' -o -name .manifest.json \) -print -quit 2>/dev/null)" ]; then
    info "Detected assets manifest file, assuming assets were compiled locally"
    return
  fi
  if ! RAILS_ENV=production RACK_ENV=production SECRET_KEY_BASE="${SECRET_KEY_BASE:-staging}" \
    bundle exec rake -P 2>/dev/null | grep -q '^rake assets:precompile$'; then return; fi
  step "Running: rake assets:precompile"
  RAILS_ENV="${RAILS_ENV:-production}" RACK_ENV="${RACK_ENV:-production}" RAILS_GROUPS=assets \
    SECRET_KEY_BASE="${SECRET_KEY_BASE:-staging}" DATABASE_URL="${DATABASE_URL:-nulldb://staging}" \
    bundle exec rake assets:precompile || fail "Precompiling assets failed: see above."
}

# shellcheck disable=SC2016 # expanded when the app starts
start_command() {
  if has_gem railties; then
    echo 'bundle exec rails server -b 0.0.0.0 -p $PORT -e $RAILS_ENV'
  elif [ -f config.ru ]; then
    if has_gem thin; then
      echo 'bundle exec thin start -R config.ru -e $RACK_ENV -p $PORT'
    elif has_gem puma; then
      echo 'bundle exec puma -b tcp://0.0.0.0:$PORT -e $RACK_ENV config.ru'
    else
      echo 'bundle exec rackup config.ru -o 0.0.0.0 -p $PORT -E $RACK_ENV'
    fi
  fi
}
