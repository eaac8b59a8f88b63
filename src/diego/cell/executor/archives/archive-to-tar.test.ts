import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { test, type TestContext } from "node:test";
import yazl from "yazl";
import { runChecked } from "#kernel/process/run-command.ts";
import { archiveToTar } from "./archive-to-tar.ts";

async function workFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "archive-to-tar-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

interface ZipContent {
  readonly name: string;
  readonly content: string | Buffer;
  readonly mode?: number;
  readonly stored?: boolean;
}

async function zip(file: string, contents: readonly ZipContent[]): Promise<string> {
  const archive = new yazl.ZipFile();
  for (const { name, content, mode = 0o100644, stored = false } of contents) {
    if (name.endsWith("/")) archive.addEmptyDirectory(name, { mode });
    else archive.addBuffer(Buffer.from(content), name, { mode, compress: !stored });
  }
  archive.end();
  await pipeline(archive.outputStream, createWriteStream(file));
  return file;
}

/** Extracts with the system's tar, which is what reads the stream in a container. */
async function extracted(folder: string, archive: string): Promise<string> {
  const tarFile = path.join(folder, "out.tar");
  await pipeline(await archiveToTar(archive), createWriteStream(tarFile));
  const target = path.join(folder, "out");
  await mkdir(target);
  await runChecked("tar", ["-xf", tarFile, "-C", target]);
  return target;
}

test("a zip becomes a tar with its content, modes and symbolic links", async (t) => {
  const folder = await workFolder(t);
  const long = `${"deep/".repeat(40)}file.txt`;
  const big = Buffer.alloc(3 * 1024 * 1024, "0123456789");
  const archive = await zip(path.join(folder, "package.zip"), [
    { name: "bin/", content: "", mode: 0o40700 },
    { name: "bin/start", content: "#!/bin/sh\n", mode: 0o100755 },
    { name: "readme.txt", content: "hello", stored: true },
    { name: "no-mode", content: "x", mode: 0 },
    { name: "empty", content: "" },
    { name: "current", content: "bin/start", mode: 0o120777 },
    { name: long, content: "far away" },
    { name: "big.bin", content: big },
  ]);

  const out = await extracted(folder, archive);

  const mode = async (name: string) => (await stat(path.join(out, name))).mode & 0o777;
  assert.equal(await readFile(path.join(out, "bin/start"), "utf8"), "#!/bin/sh\n");
  assert.equal(await mode("bin"), 0o755);
  assert.equal(await mode("bin/start"), 0o755);
  assert.equal(await mode("readme.txt"), 0o644);
  assert.equal(await mode("no-mode"), 0o644);
  assert.equal(await readFile(path.join(out, "empty"), "utf8"), "");
  assert.equal(await readlink(path.join(out, "current")), "bin/start");
  assert.equal(await readFile(path.join(out, long), "utf8"), "far away");
  assert.ok(big.equals(await readFile(path.join(out, "big.bin"))));
});

test("an empty zip becomes an empty tar", async (t) => {
  const folder = await workFolder(t);
  const archive = await zip(path.join(folder, "empty.zip"), []);

  const tar = await archiveToTar(archive);

  assert.equal((await text(tar)).replaceAll("\0", ""), "");
});

test("a tgz and a tar are passed on as tar", async (t) => {
  const folder = await workFolder(t);
  await writeFile(path.join(folder, "a.txt"), "in the archive");
  for (const flags of ["-czf", "-cf"]) {
    const archive = path.join(folder, `archive${flags}`);
    await runChecked("tar", [flags, archive, "-C", folder, "a.txt"]);

    const out = await extracted(folder, archive);

    assert.equal(await readFile(path.join(out, "a.txt"), "utf8"), "in the archive");
    await rm(out, { recursive: true });
  }
});

test("names and links that lead out of the archive are refused", async (t) => {
  const folder = await workFolder(t);
  const link = { content: "", mode: 0o120777 };
  const cases: [string, ZipContent[]][] = [
    ["target above", [{ ...link, name: "up", content: "../../etc" }]],
    ["absolute target", [{ ...link, name: "passwd", content: "/etc/passwd" }]],
    [
      "behind a link",
      [
        { ...link, name: "dir", content: "." },
        { name: "dir/file", content: "x" },
      ],
    ],
  ];
  for (const [name, contents] of cases) {
    const archive = await zip(path.join(folder, "bad.zip"), contents);
    await assert.rejects(
      async () => text(await archiveToTar(archive)),
      /leads out of|lies behind/,
      name,
    );
  }
});

test("a name with dots in it is refused, whoever wrote the zip", async (t) => {
  const folder = await workFolder(t);
  const file = await zip(path.join(folder, "bad.zip"), [{ name: "aa/bb/evil", content: "x" }]);
  // The archive library refuses to write such a name, so it is put into the bytes afterwards.
  const bytes = (await readFile(file, "latin1")).replaceAll("aa/bb/evil", "../../evil");
  await writeFile(file, bytes, "latin1");

  await assert.rejects(async () => text(await archiveToTar(file)), /evil/);
});

test("content that is longer than it says is refused", async (t) => {
  const folder = await workFolder(t);
  const file = await zip(path.join(folder, "lying.zip"), [
    { name: "bomb", content: Buffer.alloc(100_000) },
  ]);
  const bytes = await readFile(file);
  // The uncompressed size in the central directory.
  const directory = bytes.lastIndexOf("PK\x01\x02");
  bytes.writeUInt32LE(10, directory + 24);
  await writeFile(file, bytes);

  await assert.rejects(async () => text(await archiveToTar(file)));
});
