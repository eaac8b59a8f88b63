import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { largestFolders } from "./folder-sizes.ts";
import { listTar, type ListedFile } from "./tar-listing.ts";

const deep = `${"deep-folder/".repeat(12)}file.txt`;

/** What `tar` makes of a folder that holds all that is hard to name. */
function archive(t: TestContext, format: string): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), "tar-listing-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, "app", path.dirname(deep)), { recursive: true });
  writeFileSync(path.join(folder, "app", deep), "12345");
  writeFileSync(path.join(folder, "app", "café.txt"), "x".repeat(1_000));
  writeFileSync(path.join(folder, "app", "empty"), "");
  symlinkSync("empty", path.join(folder, "app", "link"));
  return execFileSync("tar", ["-c", "--sort=name", `--format=${format}`, "-C", folder, "."]);
}

async function listed(bytes: Uint8Array, chunk = 700): Promise<ListedFile[]> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += chunk) {
        controller.enqueue(bytes.subarray(at, at + chunk));
      }
      controller.close();
    },
  });
  const files: ListedFile[] = [];
  for await (const file of listTar(stream)) files.push(file);
  return files;
}

for (const format of ["gnu", "pax", "posix", "ustar"]) {
  test(`files and links of an archive in the form ${format} are listed, however it comes in pieces`, async (t) => {
    const bytes = archive(t, format);
    const expected = [
      { path: "app/café.txt", bytes: 1_000, target: undefined },
      { path: `app/${deep}`, bytes: 5, target: undefined },
      { path: "app/empty", bytes: 0, target: undefined },
      { path: "app/link", bytes: 0, target: "empty" },
    ];

    assert.deepEqual(await listed(bytes), expected);
    assert.deepEqual(await listed(bytes, 7), expected);
  });
}

test("what is cut off, or no archive, is refused", async (t) => {
  const bytes = archive(t, "gnu");

  await assert.rejects(listed(bytes.subarray(0, 3_000)), /cut off/);
  await assert.rejects(listed(Buffer.alloc(2_048, "no archive ")), /no archive/);
  await assert.rejects(listed(new Uint8Array(0)), /cut off/);
});

test("the largest folders count what lies below them, down to the third level", () => {
  const file = (name: string, bytes: number) => ({ path: name, bytes, target: undefined });
  const files = [file("a/b/c/d/one", 10), file("a/two", 1), file("z/three", 5), file("root", 99)];

  assert.deepEqual(largestFolders(files, 3), [
    { path: "a", files: 2, bytes: 11 },
    { path: "a/b", files: 1, bytes: 10 },
    { path: "a/b/c", files: 1, bytes: 10 },
  ]);
});
