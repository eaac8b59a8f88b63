import assert from "node:assert/strict";
import { hash, randomBytes } from "node:crypto";
import { mkdtempDisposable, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { test } from "node:test";
import { BlobCorrupt, BlobNotFound, type BlobKey, type Blobstore } from "./blobstore.ts";

const key: BlobKey = { bucket: "cc-packages", path: "ab/cd/abcd-guid" };

interface OpenedStore extends AsyncDisposable {
  readonly store: Blobstore;
  /** Changes one byte of what is stored, behind the store's back. */
  corrupt(key: BlobKey): Promise<void>;
}

/** What every store must do; `open` gives an empty one and is called once a test. */
export function testBlobstoreContract(name: string, open: () => Promise<OpenedStore>): void {
  test(`${name}: put() gives back size and checksums, and get() the bytes`, async () => {
    await using opened = await open();

    const info = await opened.store.put(
      key,
      Readable.from([Buffer.from("he"), Buffer.from("llo")]),
    );

    assert.deepEqual(info, {
      size: 5,
      sha1: "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
      sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    });
    assert.equal(await text(await opened.store.get(key)), "hello");
    assert.equal((await opened.store.stat(key))?.size, 5);
  });

  test(`${name}: paths() names what lies below a folder of its bucket, and nothing where there is none`, async () => {
    await using opened = await open();
    const put = (bucket: BlobKey["bucket"], path: string) =>
      opened.store.put({ bucket, path }, Readable.from(["x"]));
    await put("cc-packages", "ab/cd/one");
    await put("cc-packages", "ab/ef/two/deep");
    await put("cc-packages", "b0/cd/other");
    await put("cc-droplets", "ab/cd/other");
    const pathsOf = async (folder: string) => {
      const found: string[] = [];
      for await (const each of opened.store.paths({ bucket: "cc-packages", folder })) {
        found.push(each);
      }
      return found.toSorted();
    };

    assert.deepEqual(await pathsOf("ab"), ["ab/cd/one", "ab/ef/two/deep"]);
    assert.deepEqual(await pathsOf("ff"), []);
  });

  test(`${name}: a second put() replaces the blob`, async () => {
    await using opened = await open();
    await opened.store.put(key, Readable.from([Buffer.from("old")]));

    await opened.store.put(key, Readable.from([Buffer.from("newer")]));

    assert.equal(await text(await opened.store.get(key)), "newer");
  });

  test(`${name}: putFile() takes the file away and answers as put() does`, async () => {
    await using opened = await open();
    await using folder = await mkdtempDisposable(path.join(tmpdir(), "blob-"));
    const file = path.join(folder.path, "file");
    await writeFile(file, "hello");

    const info = await opened.store.putFile(key, file);

    assert.equal(info.sha1, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
    assert.equal(await text(await opened.store.get(key)), "hello");
    await assert.rejects(stat(file), { code: "ENOENT" });
    await writeFile(file, "hello");
    // Something that no reading would give.
    const known = { ...info, sha1: "0".repeat(40) };
    assert.deepEqual(await opened.store.putFile({ ...key, path: "known" }, file, known), known);
    assert.equal(await text(await opened.store.get({ ...key, path: "known" })), "hello");
  });

  test(`${name}: put() can name a blob by its content`, async () => {
    await using opened = await open();

    await opened.store.put(
      ({ sha1 }) => ({ bucket: "cc-droplets", path: `aa/bb/guid/${sha1}` }),
      Readable.from([Buffer.from("hello")]),
    );

    const named = "aa/bb/guid/aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
    assert.equal((await opened.store.stat({ bucket: "cc-droplets", path: named }))?.size, 5);
  });

  test(`${name}: stat() tells when a blob was stored`, async () => {
    await using opened = await open();
    await opened.store.put(key, Readable.from([Buffer.from("x")]));

    const storedAt = (await opened.store.stat(key))?.storedAt.getTime() ?? 0;

    // An hour: the clocks of two machines differ, and S3 tells whole seconds.
    assert.ok(Math.abs(storedAt - Date.now()) < 3_600_000, `${storedAt}`);
  });

  test(`${name}: get() reads a range whose ends are both included`, async () => {
    await using opened = await open();
    await opened.store.put(key, Readable.from([Buffer.from("0123456789")]));

    const range = await buffer(await opened.store.get(key, { start: 3, end: 5 }));

    assert.equal(range.toString(), "345");
  });

  test(`${name}: a stream that fails leaves the blob that was there`, async () => {
    await using opened = await open();
    await opened.store.put(key, Readable.from([Buffer.from("kept")]));
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from("half");
        throw new Error("connection lost");
      })(),
    );

    await assert.rejects(opened.store.put(key, broken), /connection lost/);

    assert.equal(await text(await opened.store.get(key)), "kept");
  });

  test(`${name}: get() of a missing blob throws BlobNotFound and stat() gives undefined`, async () => {
    await using opened = await open();

    await assert.rejects(opened.store.get(key), BlobNotFound);
    assert.equal(await opened.store.stat(key), undefined);
  });

  test(`${name}: delete() is final and may be repeated`, async () => {
    await using opened = await open();
    await opened.store.put(key, Readable.from([Buffer.from("x")]));

    await opened.store.delete(key);
    await opened.store.delete(key);

    assert.equal(await opened.store.stat(key), undefined);
  });

  test(`${name}: deleteAll() deletes a folder and nothing beside it`, async () => {
    await using opened = await open();
    const inside: BlobKey = { bucket: "cc-droplets", path: "buildpack_cache/app-1/cflinuxfs4" };
    const beside: BlobKey = { bucket: "cc-droplets", path: "buildpack_cache/app-10/cflinuxfs4" };
    for (const each of [inside, beside]) {
      await opened.store.put(each, Readable.from([Buffer.from("x")]));
    }

    await opened.store.deleteAll({ bucket: "cc-droplets", folder: "buildpack_cache/app-1" });

    assert.equal(await opened.store.stat(inside), undefined);
    assert.equal((await opened.store.stat(beside))?.size, 1);
  });

  test(`${name}: a corrupt blob is never read to its end, whatever its size`, async () => {
    await using opened = await open();
    for (const size of [1, 100, 300_000]) {
      await opened.store.put(key, Readable.from([Buffer.alloc(size, "a")]));
      await opened.corrupt(key);

      let read = 0;
      const reading = async () => {
        for await (const chunk of await opened.store.get(key)) read += chunk.length;
      };
      await assert.rejects(reading, BlobCorrupt);
      assert.ok(read < size, `${read} of ${size} bytes`);
    }
  });

  test(`${name}: twenty mebibytes come back as they went, whole and in part, empty ones too`, async () => {
    await using opened = await open();
    const content = randomBytes(20 * 1024 * 1024 + 1);
    await using folder = await mkdtempDisposable(path.join(tmpdir(), "blob-"));
    const file = path.join(folder.path, "file");
    await writeFile(file, content);
    const { sha256 } = await opened.store.putFile(key, file);
    const empty: BlobKey = { bucket: "cc-packages", path: "em/pt/y" };
    await opened.store.put(empty, Readable.from([]));

    const start = 8 * 1024 * 1024 - 5;
    const end = start + 9;
    assert.equal(sha256, hash("sha256", content));
    assert.equal(hash("sha256", await buffer(await opened.store.get(key))), sha256);
    assert.deepEqual(
      await buffer(await opened.store.get(key, { start, end })),
      content.subarray(start, end + 1),
    );
    assert.equal((await buffer(await opened.store.get(empty))).length, 0);
  });

  for (const bad of ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".incomplete/x", "a\0b"]) {
    test(`${name}: a key ${JSON.stringify(bad)} is refused by every operation`, async () => {
      await using opened = await open();
      const badKey: BlobKey = { bucket: "cc-packages", path: bad };

      await assert.rejects(opened.store.put(badKey, Readable.from([Buffer.from("x")])));
      await assert.rejects(opened.store.get(badKey));
      await assert.rejects(opened.store.delete(badKey));
      await assert.rejects(opened.store.deleteAll({ bucket: "cc-packages", folder: bad }));
    });
  }
}
