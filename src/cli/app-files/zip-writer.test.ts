import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { appendFile, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { readZip } from "../testing/read-upload.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { packageArchive, scanArchive } from "./app-archive.ts";
import { packageFolder } from "./package-folder.ts";
import { scanFolder, type ScanOptions } from "./scan-folder.ts";
import { deflatedWhereSmaller, ZipWriter } from "./zip-writer.ts";

const modified = new Date(2030, 0, 2, 3, 4, 6);

function firstScan(root: string): ScanOptions {
  const { signal } = new AbortController();
  return { signal, clock: systemClock, cacheFolder: `${root}-no-cache` };
}

test("a zip holds names, modes and contents, deflated only where that is smaller", async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, "a.zip");
  const long = "abc".repeat(10_000);
  {
    await using zip = await ZipWriter.create(file);
    await zip.add(
      { name: "dir/", mode: 0o040755, modified },
      await deflatedWhereSmaller(Buffer.alloc(0)),
    );
    await zip.add(
      { name: "dir/größe.txt", mode: 0o100640, modified },
      await deflatedWhereSmaller(Buffer.from(long)),
    );
    await zip.add(
      { name: "tiny", mode: 0o100644, modified },
      await deflatedWhereSmaller(Buffer.from("x")),
    );
    assert.equal(await zip.finish(), readFileSync(file).length);
  }

  assert.ok(readFileSync(file).length < 1_000);
  assert.deepEqual(await readZip(readFileSync(file)), [
    { name: "dir/", mode: "40755", content: "" },
    { name: "dir/größe.txt", mode: "100640", content: long },
    { name: "tiny", mode: "100644", content: "x" },
  ]);
});

test("a zip stands up to the system's unzip", async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, "a.zip");
  {
    await using zip = await ZipWriter.create(file);
    for (let index = 0; index < 300; index += 1) {
      const entry = { name: `f${index}`, mode: 0o100644, modified };
      await zip.add(entry, await deflatedWhereSmaller(Buffer.from(`content ${index} `.repeat(50))));
    }
    await zip.finish();
  }

  assert.match(execFileSync("unzip", ["-t", file], { encoding: "utf8" }), /No errors detected/);
});

test("a zip of more than 65,535 entries is one of the 64-bit form", async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, "a.zip");
  const count = 65_600;
  {
    await using zip = await ZipWriter.create(file);
    for (let index = 0; index < count; index += 1) {
      await zip.add(
        { name: `f${index}`, mode: 0o100644, modified },
        await deflatedWhereSmaller(Buffer.from("x")),
      );
    }
    await zip.finish();
  }

  const list = execFileSync("unzip", ["-Z1", file], { encoding: "utf8", maxBuffer: 1e8 });
  assert.equal(list.trim().split("\n").length, count);
});

test("packageFolder() packs links as links and big files as they are", async () => {
  await using folder = await temporaryFolder();
  const root = path.join(folder.path, "app");
  await mkdir(root);
  const big = Buffer.alloc(33 * 1024 * 1024, "x");
  await writeFile(path.join(root, "big"), big);
  await symlink("big", path.join(root, "link"));
  const file = path.join(folder.path, "a.zip");
  {
    await using zip = await ZipWriter.create(file);
    await packageFolder(zip, root, await scanFolder(root, firstScan(root)));
    await zip.finish();
  }

  const [first, second] = await readZip(readFileSync(file));
  assert.deepEqual([first?.name, first?.content.length], ["big", big.length]);
  assert.deepEqual(second, { name: "link", mode: "120777", content: "big" });
});

test("packageFolder() refuses a file that changed after it was hashed", async () => {
  await using folder = await temporaryFolder();
  const root = path.join(folder.path, "app");
  await mkdir(root);
  await writeFile(path.join(root, "file"), "before");
  const files = await scanFolder(root, firstScan(root));
  await appendFile(path.join(root, "file"), " and after");
  await using zip = await ZipWriter.create(path.join(folder.path, "a.zip"));

  await assert.rejects(
    packageFolder(zip, root, files),
    /^Failure: Aborting push: File .*\/file has been modified since the start of push\./,
  );
});

test("an app that is a zip is read and packed as one, without what its .cfignore names", async () => {
  await using folder = await temporaryFolder();
  const source = path.join(folder.path, "app.zip");
  const text = "hello ".repeat(100);
  {
    await using zip = await ZipWriter.create(source);
    const add = async (name: string, content: string, mode = 0o100600) =>
      await zip.add({ name, mode, modified }, await deflatedWhereSmaller(Buffer.from(content)));
    await add(".cfignore", "*.log\n");
    await add("lib/", "", 0o040700);
    await add("lib/a.js", text);
    await add("gone.log", "x");
    await add("link", "lib/a.js", 0o120777);
    await zip.finish();
  }

  const files = await scanArchive(source);
  const file = path.join(folder.path, "package.zip");
  {
    await using zip = await ZipWriter.create(file);
    await packageArchive(zip, source, files);
    await zip.finish();
  }

  assert.deepEqual(
    files.map(({ path: name, kind, mode, size }) => [name, kind, mode.toString(8), size]),
    [
      ["lib", "folder", "755", 0],
      ["lib/a.js", "file", "744", text.length],
      ["link", "link", "777", 0],
    ],
  );
  assert.deepEqual(await readZip(readFileSync(file)), [
    { name: "lib/", mode: "40755", content: "" },
    { name: "lib/a.js", mode: "100744", content: text },
    { name: "link", mode: "120777", content: "lib/a.js" },
  ]);
});

test("a file that is no zip is refused by its name", async () => {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, "app.jar");
  await writeFile(file, "not a zip");

  await assert.rejects(scanArchive(file), /Cannot read '.*app\.jar' as a zip file/);
});
