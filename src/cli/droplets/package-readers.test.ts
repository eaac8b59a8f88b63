import assert from "node:assert/strict";
import { test } from "node:test";
import { gemfileLock, installedGems } from "./ruby-packages.ts";
import { goMod } from "./go-packages.ts";
import { pomProperties } from "./java-packages.ts";
import { installedNodePackages, packageLock, pnpmLock, yarnLock } from "./node-packages.ts";
import { composerLock, installedPhpPackages } from "./php-packages.ts";
import { installedPythonPackages, requirements } from "./python-packages.ts";
import { packageUrl, type FoundPackage, type PackageReader } from "./found-package.ts";

function text(found: readonly FoundPackage[]): string[] {
  return found.map((each) => `${packageUrl(each)} ${each.evidence}`);
}

const cases: readonly {
  readonly what: string;
  readonly reader: PackageReader;
  readonly path: string;
  readonly content: string;
  readonly expected: readonly string[];
}[] = [
  {
    what: "an installed npm package goes by the name in its manifest, under an alias too",
    reader: installedNodePackages,
    path: "app/node_modules/alias/package.json",
    content: `{"name": "@acme/paint", "version": "1.2.3"}`,
    expected: ["pkg:npm/%40acme/paint@1.2.3 installed"],
  },
  {
    what: "a manifest that only says the kind of module is no package",
    reader: installedNodePackages,
    path: "app/node_modules/@acme/paint/package.json",
    content: `{"type": "commonjs"}`,
    expected: [],
  },
  {
    what: "package-lock.json counts neither the app, workspaces and links, nor what is for development or optional",
    reader: packageLock,
    path: "app/package-lock.json",
    content: JSON.stringify({
      lockfileVersion: 3,
      packages: {
        "": { name: "my-app", version: "1.0.0" },
        "packages/a": { version: "0.0.1" },
        "node_modules/a": { link: true, resolved: "packages/a" },
        "node_modules/ms": { version: "2.1.3" },
        "node_modules/x/node_modules/@s/ms": { version: "2.0.0" },
        "node_modules/alias": { name: "real", version: "3.0.0" },
        "node_modules/tap": { version: "18.0.0", dev: true },
        "node_modules/fsevents": { version: "2.3.3", optional: true },
      },
    }),
    expected: [
      "pkg:npm/ms@2.1.3 locked",
      "pkg:npm/%40s/ms@2.0.0 locked",
      "pkg:npm/real@3.0.0 locked",
    ],
  },
  {
    what: "package-lock.json of npm 6 nests",
    reader: packageLock,
    path: "package-lock.json",
    content: JSON.stringify({
      dependencies: {
        ms: { version: "2.1.3", dependencies: { deep: { version: "1.0.0" } } },
        tap: { version: "18.0.0", dev: true, dependencies: { x: { version: "1.0.0" } } },
      },
    }),
    expected: ["pkg:npm/ms@2.1.3 locked", "pkg:npm/deep@1.0.0 locked"],
  },
  {
    what: "yarn.lock of yarn 1",
    reader: yarnLock,
    path: "yarn.lock",
    content: `# yarn lockfile v1

"@babel/core@^7.0.0", "@babel/core@^7.1.0":
  version "7.24.0"
  dependencies:
    version "^1.0.0"

ms@2.1.3:
  version "2.1.3"
`,
    expected: ["pkg:npm/%40babel/core@7.24.0 locked", "pkg:npm/ms@2.1.3 locked"],
  },
  {
    what: "yarn.lock of later yarns, without the workspaces",
    reader: yarnLock,
    path: "yarn.lock",
    content: `__metadata:
  version: 8

"@babel/core@npm:^7.0.0":
  version: 7.24.0
  resolution: "@babel/core@npm:7.24.0"

"my-app@workspace:.":
  version: 0.0.0-use.local
`,
    expected: ["pkg:npm/%40babel/core@7.24.0 locked"],
  },
  {
    what: "pnpm-lock.yaml in its three forms, without development",
    reader: pnpmLock,
    path: "pnpm-lock.yaml",
    content: `importers:
  .:
    dependencies: {}
packages:
  '@acme/paint@1.2.3(react@18.0.0)':
    resolution: {integrity: x}
  ms@2.1.3:
    resolution: {integrity: x}
  /old/1.0.0_react@18.0.0:
    dev: false
  /@acme/older@0.1.0:
    resolution: {integrity: x}
  /tap@18.0.0:
    dev: true
snapshots:
  other@9.9.9:
    dependencies: {}
`,
    expected: [
      "pkg:npm/%40acme/paint@1.2.3 locked",
      "pkg:npm/ms@2.1.3 locked",
      "pkg:npm/old@1.0.0 locked",
      "pkg:npm/%40acme/older@0.1.0 locked",
    ],
  },
  {
    what: "requirements.txt, pinned and not, without options",
    reader: requirements,
    path: "app/requirements.txt",
    content: `# comment
-r other.txt
--index-url https://pypi.example.com/
Flask[async]==3.0.3 ; python_version > "3.8" --hash=sha256:00
zope.interface === 6.1 # why
gunicorn>=20
PyYAML
./local
`,
    expected: [
      "pkg:pypi/flask@3.0.3 locked",
      "pkg:pypi/zope-interface@6.1 locked",
      "pkg:pypi/gunicorn locked",
      "pkg:pypi/pyyaml locked",
    ],
  },
  {
    what: "Gemfile.lock: gems of servers, of git, and of folders of the app; platforms do not repeat a version",
    reader: gemfileLock,
    path: "app/Gemfile.lock",
    content: `PATH
  remote: vendor/greeting
  specs:
    greeting (0.1.0)
      rack (>= 2)

GEM
  remote: https://rubygems.org/
  specs:
    nokogiri (1.16.0-x86_64-linux)
      racc (~> 1.4)
    rack (3.0.9)

PLATFORMS
  ruby

DEPENDENCIES
    puma (6.0)
`,
    expected: [
      "pkg:gem/greeting@0.1.0 in-tree",
      "pkg:gem/nokogiri@1.16.0 locked",
      "pkg:gem/rack@3.0.9 locked",
    ],
  },
  {
    what: "composer.lock without what is for development",
    reader: composerLock,
    path: "composer.lock",
    content: JSON.stringify({
      packages: [{ name: "Monolog/monolog", version: "3.5.0" }],
      "packages-dev": [{ name: "phpunit/phpunit", version: "11.0.0" }],
    }),
    expected: ["pkg:composer/monolog/monolog@3.5.0 locked"],
  },
  {
    what: "Composer 1 wrote a plain list of what it installed",
    reader: installedPhpPackages,
    path: "app/vendor/composer/installed.json",
    content: JSON.stringify([{ name: "monolog/monolog", version: "v1.0.0" }]),
    expected: ["pkg:composer/monolog/monolog@v1.0.0 installed"],
  },
  {
    what: "go.mod: requirements in both forms, not what is replaced or left out",
    reader: goMod,
    path: "app/go.mod",
    content: `module example.com/app

go 1.24

require github.com/julienschmidt/httprouter v1.3.0

require (
	golang.org/x/net v0.20.0 // indirect
)

exclude (
	golang.org/x/text v0.1.0
)
`,
    expected: [
      "pkg:golang/github.com/julienschmidt/httprouter@v1.3.0 locked",
      "pkg:golang/golang.org/x/net@v0.20.0 locked",
    ],
  },
  {
    what: "pom.properties",
    reader: pomProperties,
    path: "app/META-INF/maven/org.example/demo/pom.properties",
    content: "#Generated\r\nartifactId=demo\r\ngroupId=org.example\r\nversion=1.0-SNAPSHOT\r\n",
    expected: ["pkg:maven/org.example/demo@1.0-SNAPSHOT installed"],
  },
];

for (const { what, reader, path, content, expected } of cases) {
  test(what, async () => {
    assert.match(path, reader.files);
    assert.deepEqual(text(await reader.read(Buffer.from(content), path)), expected);
  });
}

test("what is installed of Python and Ruby is told by the names of files", () => {
  const python = [
    "deps/0/lib/python3.12/site-packages/Flask_SQLAlchemy-3.1.1.dist-info/METADATA",
    "deps/0/lib/python3.12/site-packages/old-1.0-py3.12.egg-info/PKG-INFO",
  ].flatMap((path) => installedPythonPackages.read(path));
  const ruby = [
    "app/vendor/bundle/ruby/3.3.0/specifications/net-http2-0.18.5.gemspec",
    "app/vendor/bundle/ruby/3.3.0/specifications/nokogiri-1.16.0-x86_64-linux.gemspec",
  ].flatMap((path) => installedGems.read(path));

  assert.deepEqual(text([...python, ...ruby]), [
    "pkg:pypi/flask-sqlalchemy@3.1.1 installed",
    "pkg:pypi/old@1.0 installed",
    "pkg:gem/net-http2@0.18.5 installed",
    "pkg:gem/nokogiri@1.16.0 installed",
  ]);
  assert.doesNotMatch("x/specifications/default/json-2.9.1.gemspec", installedGems.files);
  assert.doesNotMatch("a/b.dist-info/RECORD", installedPythonPackages.files);
});

test("a lock file of another form is refused, not read by half", () => {
  for (const [reader, content] of [
    [packageLock, `{"packages": ["no"]}`],
    [composerLock, `{"packages": {"a": 1}}`],
    [packageLock, `{"dependencies":`.repeat(100)],
  ] as const) {
    assert.throws(() => reader.read(Buffer.from(content), "x"));
  }
});
