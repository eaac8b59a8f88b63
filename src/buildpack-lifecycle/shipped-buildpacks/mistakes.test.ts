import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import type { Files } from "../staging-folder.ts";
import { folderWithShippedBuildpacks } from "./shipped-buildpacks.ts";

// What people get wrong most often, and the mend that each buildpack names. Those of Node and Python are in their files.

const gemfileLock = (platform: string, gem: string): string =>
  `GEM\n  remote: http://127.0.0.1:9/\n  specs:\n\nPLATFORMS\n  ${platform}\n\nDEPENDENCIES\n${gem}\n`;

const mistakes: readonly {
  readonly name: string;
  readonly buildpack: string;
  readonly program: readonly string[];
  readonly files: Files;
  readonly error: RegExp;
}[] = [
  {
    name: "a Go program that is not in the root folder",
    buildpack: "go_buildpack",
    program: ["/usr/local/go/bin/go", "/usr/bin/go"],
    files: {
      "go.mod": "module example.org/wall\n\ngo 1.18\n",
      "cmd/web/main.go": "package main\n",
    },
    error:
      /no Go files in the root folder\. Main packages here: example\.org\/wall\/cmd\/web\. .* GO_INSTALL_PACKAGE_SPEC example\.org\/wall\/cmd\/web/,
  },
  {
    name: "a Go library",
    buildpack: "go_buildpack",
    program: ["/usr/local/go/bin/go", "/usr/bin/go"],
    files: { "go.mod": "module example.org/wall\n\ngo 1.18\n", "wall.go": "package wall\n" },
    error: /Nothing was built: \. is not a main package\. A program needs a package main/,
  },
  {
    name: "a Gemfile.lock of another machine",
    buildpack: "ruby_buildpack",
    program: ["/usr/bin/bundle"],
    files: { Gemfile: "", "Gemfile.lock": gemfileLock("arm64-darwin-23", "") },
    error:
      /Gemfile\.lock was written for other machines alone\. On yours: bundle lock --add-platform/,
  },
  {
    name: "a Gemfile.lock that does not fit the Gemfile",
    buildpack: "ruby_buildpack",
    program: ["/usr/bin/bundle"],
    files: { Gemfile: "gem 'mural'\n", "Gemfile.lock": gemfileLock("ruby", "  fresco") },
    error:
      /Gemfile\.lock does not fit the Gemfile\. On your machine: bundle install, then push both/,
  },
  {
    name: "an nginx.conf with a port of its own",
    buildpack: "nginx_buildpack",
    program: ["/usr/sbin/nginx"],
    files: { "nginx.conf": "http { server { listen 80; } }\n" },
    error: /The listen port value in nginx\.conf must be configured to the template `\{\{port\}\}`/,
  },
  {
    name: "a jar without a main class",
    buildpack: "java_buildpack",
    program: ["/usr/bin/java"],
    files: { "library.jar": "no zip" },
    error: /No jar here has a Main-Class: which class is started\? Set JBP_CONFIG_JAVA_MAIN=/,
  },
  {
    name: "options.json with a comment",
    buildpack: "php_buildpack",
    program: ["/usr/bin/php"],
    files: { "index.php": "", ".bp-config/options.json": "{ // none\n}" },
    error: /\.bp-config\/options\.json cannot be read as JSON: see above\./,
  },
  {
    name: "an apt.yml without packages",
    buildpack: "apt_buildpack",
    program: ["/usr/bin/apt-get"],
    files: { "apt.yml": "packages: []\n" },
    error: /apt\.yml names no packages\./,
  },
];

for (const { name, buildpack, program, files, error } of mistakes) {
  const skip = program.some((file) => existsSync(file))
    ? false
    : `${buildpack}'s toolchain is not there`;
  test(`${buildpack} names the mend of ${name}`, { skip }, async () => {
    await using folder = await folderWithShippedBuildpacks();
    await folder.app(files);

    const staged = await folder.stage({ order: [buildpack], skipDetect: true });

    assert.equal(staged.status, 223, staged.stdout);
    assert.match(staged.stderr, error);
  });
}
