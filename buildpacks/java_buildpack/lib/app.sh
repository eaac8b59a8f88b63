# shellcheck shell=bash disable=SC2034 # what the scripts read
# What is started: an unpacked jar or war by its Main-Class, a jar that lies in the folder, or Tomcat for any other war.

# Sets COMMAND. JBP_CONFIG_JAVA_MAIN='{ java_main_class: org.example.Main, arguments: "--flag" }' comes first.
find_app() {
  local jar jars=() others=() main arguments
  main="$(sed -n 's/.*java_main_class: *["'\'']\{0,1\}\([A-Za-z0-9_.$]*\).*/\1/p' <<<"${JBP_CONFIG_JAVA_MAIN:-}")"
  arguments="$(sed -n 's/.*arguments: *["'\'']\{0,1\}\([^"'\''},]*\).*/\1/p' <<<"${JBP_CONFIG_JAVA_MAIN:-}")"
  if [ -z "$main" ] && [ -f META-INF/MANIFEST.MF ]; then main="$(manifest_value Main-Class)"; fi
  if [ -n "$main" ]; then
    info "Main class: $main"
    COMMAND="java-app -cp $(class_path) $main${arguments:+ $arguments}"
    return
  fi
  if [ -d WEB-INF ]; then
    serve_with_tomcat ""
    return
  fi
  for jar in *.jar *.war; do
    if [ -f "$jar" ] && has_main_class "$jar"; then jars+=("$jar"); elif [ -f "$jar" ]; then others+=("$jar"); fi
  done
  if [ ${#jars[@]} = 0 ] && [[ ${#others[@]} = 1 && ${others[0]} == *.war ]]; then
    serve_with_tomcat "${others[0]}"
    return
  fi
  case ${#jars[@]} in
    0) fail "No jar here has a Main-Class: which class is started? Set JBP_CONFIG_JAVA_MAIN='{ java_main_class: NAME }', or write a Procfile." ;;
    1) COMMAND="java-app -jar ${jars[0]}${arguments:+ $arguments}" ;;
    *) fail "There are several executable jars: ${jars[*]}. Push one of them with cf push -p, or name one in a Procfile: web: java-app -jar NAME." ;;
  esac
}

# manifest_value KEY: long values go on in lines that begin with a space.
manifest_value() {
  tr -d '\r' <META-INF/MANIFEST.MF | awk -v key="$1: " '
    /^ / { if (found) value = value substr($0, 2); next }
    { found = 0 }
    index($0, key) == 1 { found = 1; value = substr($0, length(key) + 1) }
    END { print value }'
}

# The unpacked jar, and the jars that its manifest names.
class_path() {
  local path=. entry
  for entry in $(manifest_value Class-Path); do path="$path:$entry"; done
  echo "$path"
}

# count_classes FOLDER...: classes of the app, by which the space for them is estimated: those that lie there and in jars.
count_classes() {
  local count jar more
  count="$(find "$@" -name '*.class' -type f | wc -l)"
  while IFS= read -r -d '' jar; do
    more="$(unzip -Z1 "$jar" 2>/dev/null | grep -c '\.class$' || true)"
    count=$((count + ${more:-0}))
  done < <(find "$@" -name '*.[jw]ar' -type f -print0)
  echo "$count"
}
