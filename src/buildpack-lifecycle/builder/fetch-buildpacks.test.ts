import assert from "node:assert/strict";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import http from "node:http";
import { mkdir, writeFile } from "node:fs/promises";
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
    /Failed to clone git repository at http:\/\/u:\*\*\*@127\.0\.0\.1:9\/none\n$/,
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

test("a zip by another scheme than http is refused", async () => {
  await using folder = await StagingFolder.create();
  await folder.app({});

  const staged = await folder.stage({ order: ["file:///x/buildpack.zip"], skipDetect: true });

  assert.equal(staged.status, 1);
  assert.match(staged.stderr, /unsupported protocol scheme "file"\n$/);
});
