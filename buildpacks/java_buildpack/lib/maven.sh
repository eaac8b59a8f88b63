# shellcheck shell=bash
# A Maven project is built here, which the official buildpack does not do: it takes what was built.

build_with_maven() {
  local maven=(mvn) arguments goals
  if [ -f mvnw ] && [ -f .mvn/wrapper/maven-wrapper.jar ]; then
    maven=(sh ./mvnw)
  else
    use_toolchain java mvn maven
  fi
  if [ ! -x "$JAVA_HOME/bin/javac" ]; then
    fail "There is a pom.xml but no Java compiler in this stack (package default-jdk-headless). Build on your machine and push the jar: cf push -p target/NAME.jar"
  fi
  read -ra goals <<<"${MAVEN_BUILD_ARGUMENTS:--DskipTests package}"
  arguments=(--batch-mode --no-transfer-progress "-Dmaven.repo.local=$CACHE_DIR/maven" "${goals[@]}")
  tell_cache "$CACHE_DIR/maven" Maven
  step "Running: mvn ${goals[*]}"
  "${maven[@]}" "${arguments[@]}" >"$CACHE_DIR/maven.log" 2>&1 || {
    tail -n 60 "$CACHE_DIR/maven.log" >&2
    fail "mvn failed: see above."
  }
  grep -E '^\[(INFO|WARNING)\] (Building |BUILD |Total time)|^\[WARNING\]' "$CACHE_DIR/maven.log" | head -n 20 | sed 's/^/       /' || true
  rm "$CACHE_DIR/maven.log"
  keep_built_jar
}

# Of the build only the jar is wanted at run time, and unpacked as an uploaded one is.
keep_built_jar() {
  local jar built="" folder
  for jar in target/*.jar target/*.war; do
    case "$jar" in
      *-sources.jar | *-javadoc.jar | *-tests.jar | *.original) ;;
      *.war) if [ -f "$jar" ]; then built="$jar"; fi ;;
      *) if [ -f "$jar" ] && has_main_class "$jar"; then built="$jar"; fi ;;
    esac
  done
  if [ -z "$built" ]; then
    fail "The build left no war and no jar with a Main-Class in target: is the packaging executable (the Spring Boot plugin, or the jar plugin's manifest)?"
  fi
  info "Built $built"
  folder="$(mktemp -d)"
  unzip -q "$built" -d "$folder"
  # What a plain jar expects beside it.
  for jar in target/lib target/libs target/dependency; do
    if [ -d "$jar" ]; then cp -R "$jar" "$folder/"; fi
  done
  for jar in Procfile .profile .profile.d; do
    if [ -e "$jar" ]; then cp -R "$jar" "$folder/"; fi
  done
  find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  cp -R "$folder/." .
  rm -rf "$folder"
}

has_main_class() { unzip -p "$1" META-INF/MANIFEST.MF 2>/dev/null | grep -q '^Main-Class:'; }
