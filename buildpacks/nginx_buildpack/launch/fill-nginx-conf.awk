# One file of nginx's configuration: templates are filled in. With main=yes, folders that nginx writes to are named in
# its http block, unless the file names them, and so is the access log: the stack's own are root's.
BEGIN { split("client_body proxy fastcgi uwsgi scgi", kinds, " ") }
{ text = text $0 "\n" }
END {
  logs = logs_itself(text)
  while (match(text, /\{\{[^{}]*\}\}/)) {
    before = substr(text, 1, RSTART - 1)
    template = substr(text, RSTART + 2, RLENGTH - 4)
    text = substr(text, RSTART + RLENGTH)
    printf "%s%s", with_folders(before), value(template)
  }
  printf "%s", with_folders(text)
}
function value(template,  argument) {
  gsub(/^-?[ \t]+|[ \t]+-?$/, "", template)
  if (template == "port") return ENVIRON["PORT"]
  if (template == "nameservers") return ENVIRON["NAMESERVERS"]
  argument = template
  if (sub(/^env[ \t]+["`]/, "", argument) && sub(/["`]$/, "", argument)) return ENVIRON[argument]
  argument = template
  if (sub(/^module[ \t]+["`]/, "", argument) && sub(/["`]$/, "", argument)) return module(argument)
  printf "%s: {{%s}} is none of {{port}}, {{env \"NAME\"}}, {{module \"name\"}}, {{nameservers}}\n", FILENAME, template > "/dev/stderr"
  exit 1
}
function module(name,  folder, count, index_of, line) {
  count = split(modules, folder, ":")
  for (index_of = 1; index_of <= count; index_of++) {
    if ((getline line < (folder[index_of] "/" name ".so")) >= 0) return "load_module " folder[index_of] "/" name ".so;"
  }
  printf "%s: there is no module %s.so in %s\n", FILENAME, name, modules > "/dev/stderr"
  exit 1
}
function with_folders(part,  number, lines) {
  if (main != "yes" || done || !match(part, /(^|\n)[ \t]*http[ \t\n]*\{/)) return part
  done = 1
  for (number in kinds) {
    if (index(text part, kinds[number] "_temp_path") == 0) {
      lines = lines " " kinds[number] "_temp_path \"" ENVIRON["TMPDIR"] "/nginx/" kinds[number] "\";"
    }
  }
  # Where the official buildpack's nginx has it, below the app's folder.
  if (!logs) lines = lines " access_log logs/access.log;"
  # On the same line, so that nginx's messages name the right one.
  return substr(part, 1, RSTART + RLENGTH - 1) lines substr(part, RSTART + RLENGTH)
}
# Whether the http block says access_log: that of a server counts for this server alone.
function logs_itself(conf,  blocks, count, number, level, opener, names) {
  gsub(/#[^\n]*/, "", conf)
  gsub(/[{};]/, "\n&\n", conf)
  count = split(conf, blocks, "\n")
  for (number = 1; number <= count; number++) {
    if (blocks[number] == "{") opener[++level] = names
    else if (blocks[number] == "}") level--
    else if (blocks[number] ~ /[^ \t\r;]/) names = blocks[number]
    if (level == 1 && opener[1] ~ /^[ \t]*http[ \t\r]*$/ && blocks[number] ~ /^[ \t]*access_log[ \t]/) return 1
  }
  return 0
}
