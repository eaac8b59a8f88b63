# shellcheck shell=bash
# apt without root: its lists, keys and archives lie in the cache, and packages are unpacked, not installed: no scripts of
# theirs run.

# Sets PACKAGES, REPOS, KEYS, TRUNCATE_SOURCES and CLEAN_CACHE. The file is YAML as people write it: keys of the first
# level, lists of plain values one a line or in brackets.
read_apt_yml() {
  local key value
  PACKAGES=() REPOS=() KEYS=() TRUNCATE_SOURCES="" CLEAN_CACHE=""
  while IFS=$'\t' read -r key value; do
    case "$key" in
      packages) PACKAGES+=("$value") ;;
      repos) REPOS+=("$value") ;;
      keys) KEYS+=("$value") ;;
      truncatesources) if [ "$value" = true ]; then TRUNCATE_SOURCES=yes; fi ;;
      cleancache) if [ "$value" = true ]; then CLEAN_CACHE=yes; fi ;;
      *) warn "apt.yml: \"$key\" is not known here; it is ignored." ;;
    esac
  done < <(awk '
    function plain(text) {
      gsub(/^[ \t]+|[ \t]+$/, "", text)
      if (text ~ /^".*"$/ || text ~ /^\047.*\047$/) text = substr(text, 2, length(text) - 2)
      return text
    }
    { sub(/\r$/, ""); sub(/(^|[ \t])#.*$/, "") }
    /^[ \t]*$/ || /^---/ { next }
    /^[ \t]*- / { sub(/^[ \t]*- /, ""); sub(/^name:[ \t]*/, ""); print key "\t" plain($0); next }
    /^[A-Za-z_]+:/ {
      key = $0; sub(/:.*/, "", key); value = $0; sub(/^[A-Za-z_]+:[ \t]*/, "", value)
      if (value ~ /^\[.*\][ \t]*$/) {
        sub(/^\[/, "", value); sub(/\][ \t]*$/, "", value)
        count = split(value, list, ",")
        for (i = 1; i <= count; i++) if (plain(list[i]) != "") print key "\t" plain(list[i])
      } else if (plain(value) != "") print key "\t" plain(value)
    }' "$1")
  if [ ${#PACKAGES[@]} -eq 0 ]; then fail "apt.yml names no packages."; fi
  for value in "${PACKAGES[@]}"; do
    case "$value" in
      -*) fail "apt.yml: \"$value\" is not the name of a package." ;;
    esac
  done
}

prepare_apt() {
  APT="$CACHE_DIR/apt"
  mkdir -p "$APT/cache/archives/partial" "$APT/state/lists/partial" "$APT/etc/parts" "$APT/etc/keys"
  rm -rf "$APT/etc/sources"
  mkdir -p "$APT/etc/sources"
  : >"$APT/etc/none"
  if [ -z "$TRUNCATE_SOURCES" ]; then
    cp /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources "$APT/etc/sources/" 2>/dev/null || true
    if [ -z "$(ls -A "$APT/etc/sources")" ] && [ ${#REPOS[@]} -eq 0 ]; then
      fail "This stack has no list of package sources (/etc/apt): name them as repos in apt.yml."
    fi
  fi
  local repo key number=0
  for repo in ${REPOS[@]+"${REPOS[@]}"}; do printf '%s\n' "$repo" >>"$APT/etc/sources/of-the-app.list"; done
  cp /etc/apt/trusted.gpg.d/* "$APT/etc/keys/" 2>/dev/null || true
  for key in ${KEYS[@]+"${KEYS[@]}"}; do
    number=$((number + 1))
    curl --fail --silent --show-error --location --max-time 60 "$key" -o "$APT/etc/keys/app-$number.asc" ||
      fail "Cannot load the key $key."
    # Keys come with armour or without; apt tells them by the ending.
    if ! grep -q 'BEGIN PGP' "$APT/etc/keys/app-$number.asc"; then mv "$APT/etc/keys/app-$number.asc" "$APT/etc/keys/app-$number.gpg"; fi
  done
  # What the stack has need not be loaded again.
  local status="$APT/state/status"
  if [ -f /var/lib/dpkg/status ]; then status=/var/lib/dpkg/status; else : >"$status"; fi
  APT_OPTIONS=(
    -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$APT/etc/sources" -o "Dir::Etc::trustedparts=$APT/etc/keys"
    -o "Dir::Etc::trusted=$APT/etc/none" -o "Dir::Etc::preferences=$APT/etc/none" -o "Dir::Etc::preferencesparts=$APT/etc/parts"
    -o "Dir::State=$APT/state" -o "Dir::State::status=$status" -o "Dir::Cache=$APT/cache" -o "Debug::NoLocking=true"
    -o "APT::Sandbox::User=" -o "APT::Install-Recommends=false" -o "Acquire::Retries=2" -o "Acquire::Languages=none"
  )
  if [ -n "$CLEAN_CACHE" ]; then run_apt clean; fi
}

run_apt() {
  apt-get -qq "${APT_OPTIONS[@]}" "$@" >"$APT/log" 2>&1 || {
    cat "$APT/log" >&2
    fail "apt-get $1 failed: see above."
  }
}

download_packages() {
  local package names=() archive
  WANTED="$APT/wanted"
  : >"$WANTED"
  for package in "${PACKAGES[@]}"; do
    case "$package" in
      *.deb)
        archive="$APT/cache/archives/${package##*/}"
        if [ ! -s "$archive" ]; then
          curl --fail --silent --show-error --location --max-time 300 "$package" -o "$archive" || fail "Cannot load $package."
        fi
        printf '%s\n' "$archive" >>"$WANTED"
        ;;
      *) names+=("$package") ;;
    esac
  done
  if [ ${#names[@]} -eq 0 ]; then return; fi
  # The archives of this installation alone: the cache may hold those of an earlier apt.yml. apt lists only what it would
  # load, so it looks into an empty folder for what is here.
  mkdir -p "$APT/empty/partial"
  if ! apt-get -qq "${APT_OPTIONS[@]}" -o "Dir::Cache::archives=$APT/empty" --print-uris -y --reinstall install "${names[@]}" >"$APT/uris" 2>"$APT/log"; then
    cat "$APT/log" >&2
    fail "apt does not know all of these packages: ${names[*]}."
  fi
  awk -v folder="$APT/cache/archives/" '/^\047/ { print folder $2 }' "$APT/uris" >>"$WANTED"
  run_apt -y --allow-downgrades --download-only --reinstall install "${names[@]}"
}

unpack_packages() {
  local archive known
  mkdir -p "$DEPS_DIR/$INDEX/apt"
  sort -u -o "$WANTED" "$WANTED"
  while IFS= read -r archive; do
    info "Unpacking ${archive##*/}"
    dpkg-deb -x "$archive" "$DEPS_DIR/$INDEX/apt" || fail "Cannot unpack ${archive##*/}."
  done <"$WANTED"
  for known in "$APT/cache/archives"/*.deb; do
    if [ -f "$known" ] && ! grep -qxF "$known" "$WANTED"; then rm "$known"; fi
  done
  rm -f "$APT/uris" "$APT/cache"/*.bin
}

# Programs, libraries and headers where later buildpacks and the app look for them.
link_into_dependencies() {
  local arch from to file root="$DEPS_DIR/$INDEX"
  arch="$(uname -m)-linux-gnu"
  while read -r from to; do
    if [ ! -d "$root/apt/$from" ]; then continue; fi
    mkdir -p "$root/$to"
    for file in "$root/apt/$from"/*; do
      if [ -e "$file" ] || [ -L "$file" ]; then ln -sfn "../apt/$from/${file##*/}" "$root/$to/${file##*/}"; fi
    done
  done <<LINKS
usr/bin bin
usr/sbin bin
bin bin
sbin bin
usr/games bin
usr/lib lib
usr/lib/$arch lib
lib/$arch lib
usr/include include
LINKS
  for file in "$root/apt/usr/lib/$arch/pkgconfig"/*.pc "$root/apt/usr/lib/pkgconfig"/*.pc "$root/apt/usr/share/pkgconfig"/*.pc; do
    if [ ! -f "$file" ]; then continue; fi
    mkdir -p "$root/pkgconfig"
    sed "s|^prefix=/usr\$|prefix=$root/apt/usr|" "$file" >"$root/pkgconfig/${file##*/}"
  done
}
