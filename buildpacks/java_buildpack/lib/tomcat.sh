# shellcheck shell=bash disable=SC2034 # what the scripts read
# A war is served by Tomcat, which comes from the Maven repository that the app's own libraries come from.

# serve_with_tomcat WAR: sets COMMAND. WAR is the file's name in the app's folder, or empty where it lies there unpacked.
# JBP_CONFIG_TOMCAT='{ tomcat: { version: 9.0.+, context_path: /first/second } }' chooses.
serve_with_tomcat() {
  local version tomcat="$DEPS_DIR/$INDEX/tomcat"
  version="$(tomcat_version)"
  step "Installing Tomcat $version"
  use_toolchain java mvn maven
  load_tomcat "$version" "$tomcat"
  add_app "$tomcat" "$1"
  add_listener "$tomcat"
  printf 'export CATALINA_HOME="$DEPS_DIR/%s/tomcat"\n' "$INDEX" >"$DEPS_DIR/$INDEX/profile.d/tomcat.sh"
  COMMAND=java-tomcat
}

tomcat_setting() { sed -n "s/.*$1: *[\"']\{0,1\}\([^\"',} ]*\).*/\1/p" <<<"${JBP_CONFIG_TOMCAT:-}"; }

# Prints 10.1.+ (the newest of it) or a whole version. Tomcat 10 wants Java 11, and classes of jakarta.servlet; those of
# javax.servlet want Tomcat 9.
tomcat_version() {
  local version default=10.1.+
  if [ "$(java_major "$JAVA_HOME")" -lt 11 ]; then default=9.0.+; fi
  version="$(tomcat_setting version)"
  version="${version:-$default}"
  if [[ ! $version =~ ^[0-9]+(\.[0-9]+){0,2}(\.[+x*])?$ ]]; then
    fail "JBP_CONFIG_TOMCAT names the Tomcat version \"$version\", which is none. Write it as { tomcat: { version: 10.1.+ } }."
  fi
  echo "$version"
}

# load_tomcat VERSION FOLDER: Maven checks the archive against the repository's checksum and keeps it in the cache.
load_tomcat() {
  local work range="$1" base="${1%.[+x*]}" unpacked
  if [ "$base" != "$1" ]; then range="[$base,$base.99999]"; fi
  work="$(mktemp -d)"
  cat >"$work/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.cloudfoundry</groupId><artifactId>servlet-container</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>org.apache.tomcat</groupId><artifactId>tomcat</artifactId><version>$range</version><type>tar.gz</type>
  </dependency></dependencies>
</project>
XML
  tell_cache "$CACHE_DIR/maven" Maven
  mvn --batch-mode --no-transfer-progress -f "$work/pom.xml" "-Dmaven.repo.local=$CACHE_DIR/maven" \
    dependency:unpack-dependencies -DexcludeTransitive=true "-DoutputDirectory=$work/out" >"$work/log" 2>&1 || {
    grep '^\[ERROR\]' "$work/log" | head -n 5 >&2
    fail "There is no Tomcat $1 in the Maven repository, or it could not be reached: see above."
  }
  unpacked=("$work"/out/apache-tomcat-*)
  info "Tomcat ${unpacked[0]##*apache-tomcat-}"
  mkdir -p "$2/webapps" "$2/work"
  cp -R "${unpacked[0]}/bin" "${unpacked[0]}/conf" "${unpacked[0]}/lib" "$2/"
  chmod +x "$2"/bin/*.sh
  cp "$BUILDPACK_DIR/tomcat/logging.properties" "$2/conf/"
  rm -rf "$work"
}

# add_app FOLDER WAR: the app at the root or at its context path, with what its own META-INF/context.xml says.
add_app() {
  local place="\${app.folder}${2:+/$2}" name context="$1/conf/Catalina/localhost"
  name="$(tomcat_setting context_path | sed 's,^/*,,; s,/*$,,; s,/,#,g')"
  mkdir -p "$context"
  if [ -f META-INF/context.xml ]; then
    sed -E "/<Context\b/ { s| docBase=\"[^\"]*\"||; s|<Context\b|<Context docBase=\"$place\"| }" META-INF/context.xml >"$context/${name:-ROOT}.xml"
  else
    printf '<Context docBase="%s"/>\n' "$place" >"$context/${name:-ROOT}.xml"
  fi
}

# add_listener FOLDER: an app that cannot start ends Tomcat. It takes a compiler, which a stack with a JRE alone lacks.
add_listener() {
  local listener=""
  if [ -x "$JAVA_HOME/bin/javac" ] &&
    "$JAVA_HOME/bin/javac" -cp "$1/lib/*" -d "$1/lib" "$BUILDPACK_DIR/tomcat/EndWhereTheAppCannotStart.java"; then
    # Tomcat's loader reads classes from jars, and from lib itself.
    listener='<Listener className="EndWhereTheAppCannotStart"/>'
  else
    warn "There is no Java compiler in this stack: a war that cannot start will answer 404 instead of crashing."
  fi
  sed "s,@LISTENER@,$listener," "$BUILDPACK_DIR/tomcat/server.xml" >"$1/conf/server.xml"
}
