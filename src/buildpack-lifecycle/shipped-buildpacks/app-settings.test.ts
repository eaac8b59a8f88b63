import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { xxhash64 } from "../builder/xxhash64.ts";
import { buildpacksDir, folderWithShippedBuildpacks } from "./shipped-buildpacks.ts";

// Settings of apps that the official buildpacks know, each under its own name there. What a whole staging shows of them is
// in the files of the single buildpacks; here is what takes little more than a script.

/** What a profile script of a buildpack makes of an environment. */
async function profiled(
  script: string,
  env: Readonly<Record<string, string>>,
  shown: readonly string[],
): Promise<string> {
  await using folder = await folderWithShippedBuildpacks();
  const print = shown.map((name) => `"${name}=$${name}"`).join(" ");
  const file = path.join(buildpacksDir, script);
  const end = await folder.run("/bin/bash", ["-ec", `. ${file}; printf '%s\\n' ${print}`], env);
  assert.equal(end.status, 0, end.stderr);
  return end.stdout;
}

for (const [env, expected] of [
  [{}, "MEMORY_AVAILABLE= WEB_MEMORY=512 WEB_CONCURRENCY=1 NODE_OPTIONS="],
  [
    { MEMORY_LIMIT: "256m", WEB_CONCURRENCY: "3" },
    "MEMORY_AVAILABLE=256 WEB_MEMORY=512 WEB_CONCURRENCY=3 NODE_OPTIONS=",
  ],
  [
    { MEMORY_LIMIT: "1024m", WEB_MEMORY: "100", OPTIMIZE_MEMORY: "true", NODE_OPTIONS: "--a" },
    "MEMORY_AVAILABLE=1024 WEB_MEMORY=100 WEB_CONCURRENCY=1 NODE_OPTIONS=--a --max_old_space_size=768",
  ],
] as const) {
  test(`an app of nodejs_buildpack with ${JSON.stringify(env)} runs with ${expected}`, async () => {
    const names = ["MEMORY_AVAILABLE", "WEB_MEMORY", "WEB_CONCURRENCY", "NODE_OPTIONS"];
    const lines = await profiled("nodejs_buildpack/profile/nodejs.sh", env, names);

    assert.equal(lines.trimEnd().replaceAll("\n", " "), expected);
  });
}

test("gunicorn logs requests to the app's log, unless the app says otherwise", async () => {
  const script = "python_buildpack/profile/python.sh";

  assert.match(await profiled(script, {}, ["GUNICORN_CMD_ARGS"]), /=--access-logfile -\n/);
  const own = { GUNICORN_CMD_ARGS: "--workers 2" };
  assert.match(await profiled(script, own, ["GUNICORN_CMD_ARGS"]), /=--workers 2\n/);
});

test("a template of nginx.conf loads a module of the app, and one that is nowhere is named", async () => {
  await using folder = await folderWithShippedBuildpacks();
  // As the buildpack lays it out in its dependencies.
  const launch = path.join(buildpacksDir, "nginx_buildpack/launch");
  await cp(launch, folder.path("deps/nginx"), { recursive: true });
  await cp(launch, folder.path("deps/bin"), { recursive: true });
  const fill = folder.path("deps/bin/fill-nginx-conf");
  const conf = folder.path("app/nginx.conf");
  await folder.app({
    "nginx.conf": 'load {{module "ngx_wall_module"}}\n',
    "modules/ngx_wall_module.so": "\n",
  });

  const filled = await folder.run("/bin/bash", [fill, folder.path("app")]);
  const text = await readFile(conf, "utf8");
  await folder.app({ "nginx.conf": 'load {{module "ngx_none_module"}}\n' });
  const missing = await folder.run("/bin/bash", [fill, folder.path("app")]);

  assert.equal(filled.status, 0, filled.stderr);
  assert.match(text, /load_module \S+\/app\/modules\/ngx_wall_module\.so;/);
  assert.notEqual(missing.status, 0);
  assert.match(missing.stderr, /there is no module ngx_none_module\.so/);
});

for (const { where, http, added } of [
  { where: "no log", http: "server {}", added: true },
  { where: "a log of the whole block", http: "access_log /dev/stdout; server {}", added: false },
  { where: "a log of one server", http: "server { access_log off; } server {}", added: true },
  { where: "a log in a comment", http: "# access_log off;\n server {}", added: true },
]) {
  test(`nginx.conf with ${where} ${added ? "is given the app's own" : "is left alone"}`, async () => {
    await using folder = await folderWithShippedBuildpacks();
    const launch = path.join(buildpacksDir, "nginx_buildpack/launch");
    await cp(launch, folder.path("deps/nginx"), { recursive: true });
    await cp(launch, folder.path("deps/bin"), { recursive: true });
    await folder.app({ "nginx.conf": `events { worker_connections 64; }\nhttp {\n ${http} }\n` });

    const end = await folder.run("/bin/bash", [
      folder.path("deps/bin/fill-nginx-conf"),
      folder.path("app"),
    ]);

    assert.equal(end.status, 0, end.stderr);
    const text = await readFile(folder.path("app/nginx.conf"), "utf8");
    assert.equal(/^http \{.* access_log logs\/access\.log;$/m.test(text), added, text);
    assert.ok(text.includes(http), text);
  });
}

/** A Ruby app's gems are what this bundler says. */
const fakeBundle = `#!/bin/bash
if [ "$1 $2" = "list --name-only" ]; then printf '%s\\n' $GEMS; fi
`;

for (const [gems, command] of [
  ["rack", "bundle exec rackup config.ru -o 0.0.0.0 -p $PORT -E $RACK_ENV"],
  ["rack puma", "bundle exec puma -b tcp://0.0.0.0:$PORT -e $RACK_ENV config.ru"],
  ["rack puma thin", "bundle exec thin start -R config.ru -e $RACK_ENV -p $PORT"],
  ["rack thin railties", "bundle exec rails server -b 0.0.0.0 -p $PORT -e $RAILS_ENV"],
] as const) {
  test(`a Ruby app with the gems ${gems} starts with ${command}`, async () => {
    await using folder = await folderWithShippedBuildpacks();
    await folder.app({ "config.ru": "" });
    await folder.buildpack("fake", { "bin/bundle": fakeBundle });
    const searchPath = `${folder.path("buildpacks", xxhash64("fake"))}/bin:/usr/bin:/bin`;
    const start = path.join(buildpacksDir, "ruby_buildpack/lib/start.sh");

    const end = await folder.run(
      "/bin/bash",
      ["-ec", `. ${start}; cd ${folder.path("app")}; start_command`],
      { PATH: searchPath, GEMS: gems },
    );

    assert.equal(end.stdout, `${command}\n`, end.stderr);
  });
}

/** A Go that builds nothing: it notes what it was asked for, and leaves a program of the name that Go would give it. */
const fakeGo = `#!/bin/bash
case "$1 $2" in
  "env GOVERSION") echo go1.25.3 ;;
  "version "*) echo "go version \${GOTOOLCHAIN/auto/go1.25.3} linux/amd64" ;;
  "list -m") echo example.com/wall/v2 ;;
  install*)
    echo "in \${PWD##*/go/src/} with GO111MODULE=$GO111MODULE GOTOOLCHAIN=$GOTOOLCHAIN"
    for last; do :; done
    if [ "$last" = . ]; then last=wall; fi
    : >"$GOBIN/\${last##*/}"
    chmod +x "$GOBIN/\${last##*/}"
    ;;
esac
`;

for (const { env, files, built, web } of [
  {
    env: {},
    files: { "go.mod": "module example.com/wall/v2\n" },
    built: /go install -tags cloudfoundry -buildmode pie \.\n/,
    web: "./bin/wall",
  },
  {
    env: { GO_INSTALL_PACKAGE_SPEC: "./cmd/web ./cmd/worker" },
    files: { "go.mod": "module example.com/wall/v2\n" },
    built: /go install .* \.\/cmd\/web \.\/cmd\/worker\n/,
    web: "./bin/web",
  },
  {
    env: { GO_LINKER_SYMBOL: "main.colour", GO_LINKER_VALUE: "teal" },
    files: { "go.mod": "module example.com/wall/v2\n" },
    built: /go install .* -ldflags -X main\.colour=teal \.\n/,
    web: "./bin/wall",
  },
  {
    env: { GOPACKAGENAME: "example.com/team/wall" },
    files: { "vendor/x/x.go": "package x\n" },
    built: /in example\.com\/team\/wall with GO111MODULE=off/,
    web: "./bin/wall",
  },
  {
    env: { GOVERSION: "go1.24.1" },
    files: { "go.mod": "module example.com/wall/v2\n" },
    built: /Installing go 1\.24\.1 through the Go module proxy[^]*GOTOOLCHAIN=go1\.24\.1\n/,
    web: "./bin/wall",
  },
  {
    env: { GOVERSION: "latest" },
    files: { "go.mod": "module example.com/wall/v2\n" },
    built: /Using go1\.25\.3 of the stack\n[^]*GOTOOLCHAIN=auto\n/,
    web: "./bin/wall",
  },
]) {
  test(`go_buildpack builds with ${JSON.stringify(env)} and starts ${web}`, async () => {
    await using folder = await folderWithShippedBuildpacks();
    await folder.app({ "main.go": "package main\n", ...files });
    await folder.buildpack("fake", { "bin/go": fakeGo });
    const searchPath = `${folder.path("buildpacks", xxhash64("fake"))}/bin:/usr/bin:/bin`;

    const staged = await folder.stage({
      order: ["go_buildpack"],
      skipDetect: true,
      env: { PATH: searchPath, ...env },
    });

    assert.equal(staged.status, 0, staged.stderr + staged.stdout);
    assert.match(staged.stdout, built);
    assert.match(JSON.stringify(staged.result), new RegExp(`"web":"${web}"`));
    const home = await folder.unpackDroplet();
    const { stdout } = await folder.launch(home, 'echo "${PATH##*:}"');
    assert.equal(stdout.trim().split("\n").at(-1), path.join(home, "app/bin"));
  });
}

test(
  "options.json chooses the web folder; httpd and a PHP that is not there are told",
  { skip: existsSync("/usr/bin/php") ? false : "the stack has no PHP" },
  async () => {
    await using folder = await folderWithShippedBuildpacks();
    const options = { WEBDIR: "public", WEB_SERVER: "httpd", PHP_EXTENSIONS: ["bz2"] };
    const file = ".bp-config/options.json";
    await folder.app({ "index.php": "<?php", [file]: JSON.stringify(options) });
    const moved = await folder.stage({ order: ["php_buildpack"], skipDetect: true });
    await folder.app({ "index.php": "<?php", [file]: JSON.stringify({ PHP_VERSION: "5.6.x" }) });
    const refused = await folder.stage({ order: ["php_buildpack"], skipDetect: true });

    assert.equal(moved.status, 0, moved.stderr);
    assert.match(moved.stdout, /WEB_SERVER asks for httpd, .*: nginx serves the app/);
    assert.match(moved.stdout, /The app has no folder public: its files were moved there/);
    assert.equal(refused.status, 223);
    assert.match(refused.stderr, /options\.json asks for PHP 5\.6\.x, the stack has \d/);
  },
);
