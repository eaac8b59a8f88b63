# shellcheck shell=bash
# Builds the main packages of a module, or of a vendored package of GOPATH.

# Sets WEB_PROGRAM, and makes the working folder the one that Go builds in.
enter_package() {
  local name folder
  if [ -f go.mod ]; then
    # Go's words on a go.mod that it cannot read are the best ones.
    name="$(go list -m -f '{{.Path}}')" || fail "go.mod cannot be read: see above."
    if [[ ${name##*/} =~ ^v[0-9]+$ ]]; then name="${name%/*}"; fi
  else
    name="${GOPACKAGENAME:-}"
    if [ -z "$name" ]; then
      fail "To use go native vendoring set the \$GOPACKAGENAME environment variable to your app's package name"
    fi
    export GO111MODULE=off
    folder="$GOPATH/src/$name"
    rm -rf "$folder"
    mkdir -p "${folder%/*}"
    cp -R "$BUILD_DIR" "$folder"
    cd "$folder" || fail "Cannot enter $folder."
  fi
  WEB_PROGRAM="${name##*/}"
}

# What GO_INSTALL_PACKAGE_SPEC may name: where there are main packages, five of them.
name_main_packages() {
  local found
  found="$(go list -e -find -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./... 2>/dev/null | head -n 5 | paste -sd ' ')"
  if [ -z "$found" ]; then
    echo "A program needs a package main with a func main."
  else
    echo "Main packages here: $found. Name the one to start: cf set-env APP GO_INSTALL_PACKAGE_SPEC ${found%% *}"
  fi
}

build_app() {
  local packages=(.) arguments=(-tags cloudfoundry -buildmode pie)
  if [ -n "${GO_INSTALL_PACKAGE_SPEC:-}" ]; then
    read -ra packages <<<"$GO_INSTALL_PACKAGE_SPEC"
    # The first one serves.
    if [ "${packages[0]}" != . ] && [[ ${packages[0]} != *... ]]; then WEB_PROGRAM="${packages[0]##*/}"; fi
  elif [ -z "$(find . -maxdepth 1 -name '*.go' -print -quit)" ]; then
    fail "There are no Go files in the root folder. $(name_main_packages)"
  fi
  if [ -f go.mod ] && [ -d vendor ] && [ -f vendor/modules.txt ]; then
    info "Using the modules in vendor, without network"
    arguments+=(-mod=vendor)
  fi
  if [ -n "${GO_LINKER_SYMBOL:-}" ] && [ -n "${GO_LINKER_VALUE:-}" ]; then
    arguments+=(-ldflags "-X $GO_LINKER_SYMBOL=$GO_LINKER_VALUE")
  fi
  # Cgo needs a compiler, which a stack may lack; without one Go's own resolver and user look-up serve.
  if ! command -v gcc >/dev/null; then
    export CGO_ENABLED="${CGO_ENABLED:-0}"
    info "There is no C compiler in this stack: CGO_ENABLED=$CGO_ENABLED"
  fi
  mkdir -p "$BUILD_DIR/bin"
  step "Running: go install ${arguments[*]} ${packages[*]}"
  GOBIN="$BUILD_DIR/bin" go install "${arguments[@]}" "${packages[@]}" || fail "go install failed: see above."
  if [ -z "$(ls -A "$BUILD_DIR/bin")" ]; then
    fail "Nothing was built: ${packages[*]} is not a main package. $(name_main_packages)"
  fi
  if [ ! -x "$BUILD_DIR/bin/$WEB_PROGRAM" ]; then
    warn "There is no program $WEB_PROGRAM among: $(ls "$BUILD_DIR/bin"). Name what to start in a Procfile."
  fi
  if [ "${GO111MODULE:-}" = off ]; then rm -rf "${GOPATH:?}/src/${GOPACKAGENAME:?}"; fi
}
