import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { appFolder } from "../support/app-folder.ts";
import {
  credentials,
  startClosedNetwork,
  tlsAnswer,
  withoutAddress,
  type ClosedNetwork,
} from "../support/closed-network.ts";
import { answer } from "../support/stage-and-serve.ts";
import { TestPlatform, type CliResult } from "../support/test-platform.ts";

// Buildpacks by git and zip URL, fetched inside real containers that reach the world by a proxy alone, with certificates and a
// toolchain of the operator's: one chain of two is staged and served, and the tests look at what came of it.

const skip = withoutAddress;
let network: ClosedNetwork;
let platform: TestPlatform;
let staged: CliResult;
let body: string;

const { user, password } = credentials;
const files = `http://${user}:${password}@files.example`;
const supplier = `${files}/supplier/.git#v1`;
const finalizer = `${files}/finalizer.zip?signature=s3cret-too`;

before(async () => {
  if (skip !== false) return;
  network = await startClosedNetwork();
  serveBuildpacks();
  platform = await TestPlatform.start({
    env: {
      http_proxy: network.proxyUrl,
      https_proxy: network.proxyUrl,
      no_proxy: "unreachable.invalid,localhost,127.0.0.1",
      NODE_EXTRA_CA_CERTS: network.caBundle,
    },
    prepare: importGreeter,
  });
  assert.equal((await platform.rivera(["login"])).status, 0);
  staged = await push("chain", [supplier, finalizer]);
  ({ body } = staged.status === 0 ? await answer(platform, "chain") : { body: "" });
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
  await network?.[Symbol.asyncDispose]();
});

function serveBuildpacks(): void {
  const script = (text: string) => `#!/bin/bash\nset -e\n${text}\n`;
  using word = appFolder({ word: "from a submodule" });
  using supply = appFolder({});
  supply.write("bin/supply", script('cp "$(dirname "$0")/../part/word" "$3/$4/word"'), 0o755);
  repository(word.path, path.join(network.folder, "part"));
  const served = path.join(network.folder, "supplier");
  repository(supply.path, served, [
    `git -c protocol.file.allow=always submodule --quiet add "${network.folder}/part/.git" part`,
    // Relative, so that git takes the credentials along.
    "git config -f .gitmodules submodule.part.url ../../part/.git",
  ]);
  execFileSync("git", ["-C", served, "tag", "v1"]);
  execFileSync("git", ["-C", served, "update-server-info"]);
  using last = appFolder({});
  last.write(
    "bin/finalize",
    script(`cd "$1"
cp "$3/0/word" word.txt
curl -sS https://tls.example >by-variables.txt
env -i PATH="$PATH" https_proxy="$https_proxy" curl -sS https://tls.example >by-store.txt
greeter >greeting.txt
ls /opt >toolchains.txt
echo "processes: [{ type: web, command: ./serve }]" >"$3/$4/launch.yml"`),
    0o755,
  );
  execFileSync("zip", ["-qr", path.join(network.folder, "finalizer.zip"), "."], { cwd: last.path });
}

function repository(source: string, target: string, more: readonly string[] = []): void {
  mkdirSync(target);
  const commands = [
    "git init -q -b main .",
    `cp -a "${source}/." .`,
    ...more,
    "git add -A",
    "git -c user.name=D -c user.email=d@example.com commit -q -m one",
    "git update-server-info",
  ];
  execFileSync("/bin/sh", ["-ec", commands.join("\n")], { cwd: target });
}

async function importGreeter(on: TestPlatform): Promise<void> {
  using folder = appFolder({});
  folder.write("greeter-1.0/bin/greeter", "#!/bin/sh\necho greetings\n", 0o755);
  execFileSync("tar", ["-czf", "greeter.tgz", "greeter-1.0"], { cwd: folder.path });
  const args = ["toolchain", "import", "greeter", "greeter.tgz"];
  const imported = await on.rivera(args, { cwd: folder.path });
  assert.match(imported.stdout, /Toolchain greeter imported\. It is at \/opt\/greeter/);
}

async function push(name: string, buildpacks: readonly string[]): Promise<CliResult> {
  using folder = appFolder({
    "manifest.yml": JSON.stringify({
      applications: [
        {
          name,
          memory: "64M",
          buildpacks,
          env: { RIVERA_TOOLCHAINS: "greeter", PROXY: network.proxyUrl },
        },
      ],
    }),
  });
  folder.write(
    "serve",
    `#!/bin/bash
curl -sS -x "$PROXY" https://tls.example >while-running.txt
greeter >>greeting.txt
ls /opt >>toolchains.txt
tail -n +1 *.txt >index.html
exec python3 -m http.server "$PORT"
`,
    0o755,
  );
  return await platform.rivera(["push"], { cwd: folder.path });
}

/** What the app found, by the name of the file that it wrote. */
function found(name: string): string | undefined {
  return new RegExp(`==> ${name}\\.txt <==\\n([^]*?)(?:\\n==>|$)`).exec(`${body}\n==>`)?.[1];
}

test(
  "a private git repository at a tag with its submodule, then a zip, stage the app",
  { skip },
  () => {
    assert.equal(staged.status, 0, staged.stdout + staged.stderr);
    assert.match(
      staged.stdout,
      /Downloaded buildpack `http:\/\/\*\*\*:\*\*\*@files\.example\/finalizer\.zip\?\*\*\*`/,
    );
    assert.match(found("word") ?? "", /^from a submodule/);
  },
);

test(
  "the platform's proxies reach the scripts, and its certificates staging and running, with variables and without",
  { skip },
  () => {
    assert.deepEqual(["by-variables", "by-store", "while-running"].map(found), [
      tlsAnswer,
      tlsAnswer,
      tlsAnswer,
    ]);
  },
);

test(
  "a toolchain that was asked for is there while staging and running, and no other",
  { skip },
  () => {
    assert.equal(found("greeting"), "greetings\ngreetings\n");
    assert.equal(found("toolchains"), "greeter\ngreeter\n");
  },
);

for (const [what, url, reason] of [
  [
    "a branch that is not there",
    `${files}/supplier/.git#no-such`,
    /Remote branch no-such not found in upstream origin/,
  ],
  [
    "a host that no proxy stands for",
    `http://${user}:${password}@unreachable.invalid/x.git`,
    /Could not resolve host: unreachable\.invalid/,
  ],
] as const) {
  test(`${what} is told in git's own words`, { skip }, async () => {
    const failed = await push("failing", [url]);

    assert.equal(failed.status, 1, failed.stdout);
    assert.match(failed.stdout + failed.stderr, reason);
    assert.doesNotMatch(failed.stdout + failed.stderr, /s3cret/);
  });
}

test("no credential is in the app's log or in the platform's", { skip }, async () => {
  const { stdout } = await platform.rivera(["logs", "chain", "--recent"]);

  assert.match(stdout, /files\.example/);
  const ofPlatform = readFileSync(path.join(platform.dataDir, "logs/platform.log"), "utf8");
  assert.match(ofPlatform, /"msg":"/);
  assert.doesNotMatch(stdout + platform.output + ofPlatform, /s3cret/);
});
