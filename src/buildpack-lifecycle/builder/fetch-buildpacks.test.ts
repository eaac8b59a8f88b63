import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import http from "node:http";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { StagingFolder } from "../staging-folder.ts";

const script = (text: string): string => `#!/bin/sh\n${text}\n`;

async function git(folder: StagingFolder, ...args: string[]): Promise<void> {
  const identity = ["-c", "user.name=Diego", "-c", "user.email=diego@example.com"];
  const end = await folder.run("git", ["-C", folder.path("repository"), ...identity, ...args]);
  assert.equal(end.status, 0, end.stderr);
}

/** A buildpack's repository with a tag and, after it, a commit that says something else. */
async function repository(folder: StagingFolder): Promise<string> {
  const directory = folder.path("repository");
  await mkdir(path.join(directory, "bin"), { recursive: true });
  for (const name of ["compile", "release"]) {
    await writeFile(path.join(directory, "bin", name), script("exit 0"), { mode: 0o755 });
  }
  await git(folder, "init", "--quiet", "--initial-branch=main");
  for (const version of ["old", "new"]) {
    await writeFile(path.join(directory, "bin", "compile"), script(`echo ${version}`), {
      mode: 0o755,
    });
    await git(folder, "add", ".");
    await git(folder, "commit", "--quiet", "--message", version);
    if (version === "old") await git(folder, "tag", "v1");
  }
  return `file://${directory}`;
}

test("a buildpack is cloned from its repository, at the branch or tag after the #", async () => {
  await using folder = await StagingFolder.create();
  const url = await repository(folder);
  await folder.app({});

  const head = await folder.stage({ order: [url], skipDetect: true });
  await folder.app({});
  const tagged = await folder.stage({ order: [`${url}#v1`], skipDetect: true });

  assert.deepEqual([head.status, head.stdout], [0, "new\n"]);
  assert.deepEqual([tagged.status, tagged.stdout], [0, "old\n"]);
});

test("a repository that cannot be cloned is named, with git's own reason before it", async () => {
  await using folder = await StagingFolder.create();
  const url = await repository(folder);
  await folder.app({});

  const branch = await folder.stage({ order: [`${url}#nowhere`], skipDetect: true });
  const missing = await folder.stage({
    order: ["http://u:secret@127.0.0.1:9/none"],
    skipDetect: true,
  });

  assert.equal(branch.status, 1);
  assert.match(
    branch.stderr,
    /Remote branch nowhere not found[^]*\nFailed to clone git repository at file:\/\/\S+\/repository\n$/,
  );
  assert.equal(missing.status, 1);
  assert.match(
    missing.stderr,
    /Failed to clone git repository at http:\/\/\*\*\*:\*\*\*@127\.0\.0\.1:9\/none\n$/,
  );
  assert.doesNotMatch(missing.stderr, /secret/);
});

test("a zip is fetched over http, through redirects, with modes kept and one folder around it allowed", async () => {
  await using folder = await StagingFolder.create();
  const directory = folder.path("zipped", "buildpack-main", "bin");
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, "compile"), script("echo from a zip"), { mode: 0o755 });
  await writeFile(path.join(directory, "release"), script("exit 0"), { mode: 0o755 });
  const zip = folder.path("buildpack.zip");
  const { status } = await folder.run("/bin/sh", [
    "-c",
    'cd "$0" && zip -qr "$1" .',
    folder.path("zipped"),
    zip,
  ]);
  assert.equal(status, 0);
  const server = http.createServer((request, response) => {
    if (request.url === "/moved.zip") response.writeHead(302, { Location: "/buildpack.zip" }).end();
    else if (request.url === "/buildpack.zip") createReadStream(zip).pipe(response);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const origin = `http://127.0.0.1:${address.port}`;
  await folder.app({});

  const staged = await folder.stage({ order: [`${origin}/moved.zip`], skipDetect: true });
  const missing = await folder.stage({ order: [`${origin}/none.zip`], skipDetect: true });
  server.close();
  await once(server, "close");

  assert.equal(staged.status, 0);
  assert.match(
    staged.stdout,
    new RegExp(`^Downloaded buildpack \`${origin}/moved\\.zip\` \\([0-9.]+[BK]\\)\nfrom a zip\n$`),
  );
  assert.equal(missing.status, 1);
  assert.equal(
    missing.stderr,
    `Failed to download buildpack '${origin}/none.zip': Download failed: Status code 404\n`,
  );
});

/** Serves a folder to holders of a password only; gives its address with the password in it, and what was asked for. */
async function privateServer(folder: string): Promise<{ url: string; server: http.Server }> {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://server");
    const allowed = `Basic ${Buffer.from("me:s3cret").toString("base64")}`;
    if (request.headers.authorization !== allowed) {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="git"' }).end();
      return;
    }
    createReadStream(path.join(folder, pathname))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { url: `http://me:s3cret@127.0.0.1:${address.port}`, server };
}

async function commitAll(folder: StagingFolder, repo: string, message: string): Promise<string> {
  const commands = [
    `cd "${folder.path("served", repo)}" && git add -A`,
    `git -c user.name=D -c user.email=d@example.com commit -q -m ${message} && git update-server-info`,
    "git rev-parse HEAD",
  ];
  const end = await folder.run("/bin/sh", ["-c", commands.join(" && ")]);
  assert.equal(end.status, 0, end.stderr);
  return end.stdout.trim();
}

test("a private repository is cloned at a commit, with the submodules of that commit, and no credential is shown", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  const { url, server } = await privateServer(folder.path("served"));
  for (const name of ["part", "buildpack"]) {
    await mkdir(folder.path("served", name), { recursive: true });
    await folder.run("git", ["-C", folder.path("served", name), "init", "-q", "-b", "main"]);
  }
  const write = (file: string, text: string) =>
    writeFile(folder.path("served", file), text, { mode: 0o755 });
  await write("part/word", "pinned");
  await commitAll(folder, "part", "pinned");
  await mkdir(folder.path("served", "buildpack", "bin"));
  await write("buildpack/bin/compile", script('echo "$(cat "$(dirname "$0")/../part/word")"'));
  await write("buildpack/bin/release", script("exit 0"));
  // By a relative address, so that git itself puts the credentials into the submodule's.
  const added = await folder.run("/bin/sh", [
    "-c",
    `cd "$0" && git -c protocol.file.allow=always submodule --quiet add "$1/part/.git" part && git config -f .gitmodules submodule.part.url ../../part/.git`,
    folder.path("served", "buildpack"),
    `file://${folder.path("served")}`,
  ]);
  assert.equal(added.status, 0, added.stderr);
  const first = await commitAll(folder, "buildpack", "first");
  await write("buildpack/bin/compile", script("echo later"));
  const second = await commitAll(folder, "buildpack", "second");

  const staged = await folder.stage({
    order: [`${url}/buildpack/.git#${first}`],
    skipDetect: true,
  });
  await folder.app({});
  const unknown = await folder.stage({
    order: [`${url}/buildpack/.git#${"0".repeat(40)}`],
    skipDetect: true,
  });
  // The submodule has gone: git names its address, credentials and all.
  await rm(folder.path("served", "part"), { recursive: true });
  const broken = await folder.stage({
    order: [`${url}/buildpack/.git#${second}`],
    skipDetect: true,
  });
  const wrong = await folder.stage({
    order: [`${url.replace("s3cret", "s3cret-no-more")}/buildpack/.git`],
    skipDetect: true,
  });
  server.close();
  server.closeAllConnections();

  assert.deepEqual([staged.status, staged.stdout], [0, "pinned\n"]);
  assert.match(
    unknown.stderr,
    /0{40}[^]*\nFailed to clone git repository at http:\/\/\*\*\*:\*\*\*@/,
  );
  assert.match(
    broken.stderr,
    /clone of 'http:\/\/\*\*\*:\*\*\*@\S+\/part\/\.git' into submodule path .* failed/,
  );
  assert.match(wrong.stderr, /Authentication failed[^]*\nFailed to clone git repository/);
  assert.deepEqual([unknown.status, broken.status, wrong.status], [1, 1, 1]);
  for (const { stdout, stderr, trace } of [staged, unknown, broken, wrong]) {
    assert.doesNotMatch(stdout + stderr + JSON.stringify(trace), /s3cret/);
  }
});

test("a submodule whose address is a command, or a file of the container, runs and reads nothing", async () => {
  for (const [address, refusal] of [
    ["ext::touch @PATH@", /transport 'ext' not allowed/],
    ["@PATH@", /transport 'file' not allowed|does not exist/],
  ] as const) {
    await using folder = await StagingFolder.create();
    await folder.app({});
    const url = await repository(folder);
    const marker = folder.path("marker");
    const commit = (await folder.run("git", ["-C", folder.path("repository"), "rev-parse", "HEAD"]))
      .stdout;
    const modules = `[submodule "part"]\n  path = part\n  url = ${address.replace("@PATH@", marker)}\n`;
    await writeFile(folder.path("repository", ".gitmodules"), modules);
    await git(folder, "add", ".gitmodules");
    await git(folder, "update-index", "--add", "--cacheinfo", `160000,${commit.trim()},part`);
    await git(folder, "commit", "--quiet", "--message", "evil");

    const staged = await folder.stage({ order: [url], skipDetect: true });

    assert.equal(staged.status, 1);
    assert.match(staged.stderr, refusal);
    assert.ok(!existsSync(marker));
  }
});

test("what stands after the # is never an option of git", async () => {
  await using folder = await StagingFolder.create();
  const url = await repository(folder);
  await folder.app({});

  const staged = await folder.stage({
    order: [`${url}#--upload-pack=touch ${folder.path("touched")}`],
    skipDetect: true,
  });

  assert.equal(staged.status, 1);
  assert.match(staged.stderr, /Remote branch --upload-pack=touch \S+ not found/);
  assert.equal(existsSync(folder.path("touched")), false);
});

test("a zip behind a password is fetched; one that is broken, and one without bin, are named without its secrets", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});
  const { url, server } = await privateServer(folder.path("served"));
  const made = await folder.run("/bin/sh", [
    "-c",
    `mkdir -p served a/bin b/x c && cd "$0" && echo '#!/bin/sh' > a/bin/compile && cp a/bin/compile a/bin/release && chmod +x a/bin/* && ln -s compile a/bin/link && touch b/x/y b/z &&
    (cd a && zip -qry ../served/good.zip .) && (cd b && zip -qr ../served/empty.zip .) && head -c 200 served/good.zip > served/cut.zip`,
    folder.root,
  ]);
  assert.equal(made.status, 0, made.stderr);

  const stage = (name: string) =>
    folder.stage({ order: [`${url}/${name}?signature=s3cret`], skipDetect: true });
  const good = await stage("good.zip");
  const cut = await stage("cut.zip");
  const empty = await stage("empty.zip");
  server.close();
  server.closeAllConnections();

  const shown = (name: string) =>
    `http://\\*\\*\\*:\\*\\*\\*@127\\.0\\.0\\.1:\\d+/${name}\\?\\*\\*\\*`;
  assert.equal(good.status, 0, good.stderr);
  assert.match(
    good.stdout,
    new RegExp(`^Downloaded buildpack \`${shown("good.zip")}\` \\(\\d+B\\)\n$`),
  );
  assert.equal(cut.status, 1);
  assert.match(cut.stderr, new RegExp(`^Failed to extract buildpack '${shown("cut.zip")}': `));
  assert.equal(empty.status, 225);
  assert.match(
    empty.stderr,
    new RegExp(`malformed buildpack does not contain a /bin dir: ${shown("empty.zip")}\n`),
  );
  for (const { stdout, stderr, trace } of [good, cut, empty]) {
    assert.doesNotMatch(stdout + stderr + JSON.stringify(trace), /s3cret/);
  }
});

test("a zip by another scheme than http is refused", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});

  const staged = await folder.stage({ order: ["file:///x/buildpack.zip"], skipDetect: true });

  assert.equal(staged.status, 1);
  assert.match(staged.stderr, /unsupported protocol scheme "file"\n$/);
});
