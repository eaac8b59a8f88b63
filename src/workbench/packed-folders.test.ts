import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { openPromise } from "yauzl";
import { ZipWriter } from "#cli/app-files/zip-writer.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { PackedFolders } from "./packed-folders.ts";
import { requireUnpackable } from "./unpacked-size.ts";

const never = new AbortController().signal;

async function entriesOf(zip: string): Promise<string[]> {
  const file = await openPromise(zip);
  const names: string[] = [];
  for await (const entry of file.eachEntry()) names.push(entry.fileName);
  return names;
}

function bench() {
  const folder = mkdtempDisposableSync(path.join(tmpdir(), "rivera-workbench-"));
  const at = (name: string) => path.join(folder.path, name);
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text);
  };
  const packed = new PackedFolders({ directory: at("packed"), clock: new FakeClock() });
  return { at, write, packed, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test("an app is packed without what its .cfignore names, a buildpack with its manifest", async () => {
  using on = bench();
  const { at, write, packed } = on;
  for (const root of ["app", "bp"]) {
    write(`${root}/.cfignore`, "secret\n");
    write(`${root}/.git/HEAD`, "x");
    write(`${root}/manifest.yml`, "x");
    write(`${root}/secret`, "x");
    write(`${root}/bin/compile`, "x");
  }

  const app = await packed.app(at("app"), never);
  const buildpack = await packed.buildpack(at("bp"), never);

  assert.deepEqual(await entriesOf(app.path), ["bin/", "bin/compile"]);
  assert.deepEqual(await entriesOf(buildpack.path), [
    ".cfignore",
    "bin/",
    "bin/compile",
    "manifest.yml",
    "secret",
  ]);
});

test("what has not changed is not packed again, and a link that leads elsewhere is a change", async () => {
  using on = bench();
  const { at, write, packed } = on;
  write("bp/bin/compile", "one");
  symlinkSync("compile", at("bp/bin/supply"));
  const archives = () => readdirSync(at("packed")).filter((name) => name.endsWith(".zip")).length;

  const first = await packed.buildpack(at("bp"), never);
  assert.deepEqual(await packed.buildpack(at("bp"), never), first);
  assert.equal(archives(), 1);

  unlinkSync(at("bp/bin/supply"));
  symlinkSync("elsewhere", at("bp/bin/supply"));
  const second = await packed.buildpack(at("bp"), never);
  assert.notEqual(second.sha256, first.sha256);
  write("bp/bin/compile", "two");
  assert.notEqual((await packed.buildpack(at("bp"), never)).sha256, second.sha256);
  assert.equal(archives(), 3);
});

test("a file that is no zip, or unpacks to more than the disk has, is no buildpack", async () => {
  using on = bench();
  const { at, write, packed } = on;
  write("no.zip", "PK of another kind");
  await assert.rejects(requireUnpackable(at("no.zip"), at("")), {
    name: "Failure",
    message: /no\.zip' is no buildpack: it cannot be read as a zip file/,
  });
  write("bp/bin/compile", "x");
  const { path: zip } = await packed.buildpack(at("bp"), never);
  await requireUnpackable(zip, at(""));

  {
    await using bomb = await ZipWriter.create(at("bomb.zip"));
    const entry = { name: "bin/compile", mode: 0o100755, modified: new Date(0) };
    const size = 2 ** 60;
    await bomb.add(entry, {
      method: "deflated",
      crc: 0,
      size,
      compressedSize: 2,
      bytes: [Buffer.from([3, 0])],
    });
    await bomb.finish();
  }
  await assert.rejects(requireUnpackable(at("bomb.zip"), at("")), {
    name: "Failure",
    message: /bomb\.zip' unpacks to 1048576T, and the disk of/,
  });
});
