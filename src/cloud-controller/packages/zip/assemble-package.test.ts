import assert from "node:assert/strict";
import { hash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import { runChecked } from "#kernel/process/run-command.ts";
import { buildZip, type TestEntry } from "../../testing/build-zip.ts";
import {
  assemblePackage,
  cacheableFiles,
  inspectUpload,
  type ArchiveLimits,
} from "./assemble-package.ts";
import { AssemblyThreads, AssemblyWorker } from "./assembly-worker.ts";
import { openAssembly } from "./open-assembly.ts";
import { CorruptResource, InvalidZip, ZipTooLarge } from "./invalid-zip.ts";

const limits: ArchiveLimits = {
  maxTotalBytes: 1024 ** 3,
  maxEntries: 100_000,
  maxCachedFileBytes: 512 * 1024 ** 2,
};
const link = 0o120777;
const zeros = Buffer.alloc(21 * 1024 ** 2);

async function workspace(): Promise<
  { readonly directory: string; at(name: string): string } & AsyncDisposable
> {
  const directory = await mkdtemp(path.join(tmpdir(), "zip-"));
  return {
    directory,
    at: (name) => path.join(directory, name),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

const packs = (prefix: string, wanted: readonly string[] = []) => ({
  prefix,
  wanted: new Set(wanted),
  packBytes: 1024,
  ownBytes: 512,
});

const refused: readonly (readonly [string, Buffer, RegExp])[] = [
  ["a path that climbs out", buildZip([{ name: "../../x" }]), /File path '..\/..\/x' is not safe/],
  ["a path that climbs out of a folder", buildZip([{ name: "a/../../x" }]), /not safe/],
  ["an absolute path", buildZip([{ name: "/etc/x" }]), /not safe/],
  ["backslashes", buildZip([{ name: "..\\..\\x" }]), /not safe/],
  ["a drive", buildZip([{ name: "C:\\x" }]), /not safe/],
  ["an empty name", buildZip([{ name: "" }]), /not safe/],
  ["a file called .", buildZip([{ name: "." }]), /not safe/],
  ["an empty segment", buildZip([{ name: "a//b" }]), /not safe/],
  ["NUL in a name", buildZip([{ name: "a\0b" }]), /not safe/],
  ["a newline in a name", buildZip([{ name: "a\nb" }]), /'a\\nb' is not safe/],
  [
    "a name that acts on a terminal",
    buildZip([{ name: "../a\u009b2J\u202eb" }]),
    /'..\/a\\u009b2J\\u202eb' is not safe/,
  ],
  ["a segment of 300 bytes", buildZip([{ name: "n".repeat(300) }]), /too long/],
  ["a path of 5,000 bytes", buildZip([{ name: "abcd/".repeat(1000) + "f" }]), /too long/],
  ["101 folders", buildZip([{ name: "d/".repeat(101) + "f" }]), /too long/],
  ["a name that is no UTF-8", buildZip([{ name: Buffer.from([0x61, 0xff]) }]), /not in UTF-8/],
  ["a link to outside", buildZip([{ name: "l", content: "/etc/shadow", mode: link }]), /outside/],
  [
    "a link that climbs out",
    buildZip([{ name: "a/l", content: "../../x", mode: link }]),
    /outside/,
  ],
  [
    "a link that goes up behind another",
    buildZip([
      { name: "a/b/c/up", content: "../../..", mode: link },
      { name: "a/b/c/out", content: "up/../x", mode: link },
    ]),
    /"a\/b\/c\/out" points outside/,
  ],
  [
    "a link that goes up in more steps than there can be folders",
    buildZip([{ name: "l", content: "a/../".repeat(51) + "x", mode: link }]),
    /"l" has a target that is too long/,
  ],
  ["a huge link", buildZip([{ name: "l", content: "A".repeat(70_000), mode: link }]), /too long/],
  [
    "a file below a link",
    buildZip([
      { name: "d", content: "e", mode: link },
      { name: "d/file", content: "x" },
    ]),
    /below "d", which is a symbolic link/,
  ],
  [
    "a duplicate name",
    buildZip([
      { name: "f", content: "first" },
      { name: "f", content: "second" },
    ]),
    /duplicate entry "f"/,
  ],
  ["a file that is a folder too", buildZip([{ name: "a" }, { name: "a/b" }]), /below "a"/],
  ["a folder that is a file too", buildZip([{ name: "a/", mode: 0o40755 }, { name: "a" }]), /dup/],
  ["a device", buildZip([{ name: "dev", mode: 0o020666 }]), /unsupported type/],
  ["a fifo", buildZip([{ name: "fifo", mode: 0o010666 }]), /unsupported type/],
  ["encryption", buildZip([{ name: "a", flags: 1 }]), /"a" is encrypted/],
  ["another method", buildZip([{ name: "a", method: 12 }]), /unsupported method \(12\)/],
  ["a folder with content", buildZip([{ name: "a/", content: "x" }]), /has content/],
  [
    "a size that lies",
    buildZip([{ name: "a", content: zeros, declaredSize: 10 }]),
    /content of "a" is damaged/,
  ],
  [
    "a large size that lies",
    buildZip([{ name: "a", content: zeros, declaredSize: 5 * 1024 ** 2 }]),
    /content of "a" is damaged/,
  ],
  ["a wrong checksum", buildZip([{ name: "a", content: "x", crc32: 1 }]), /damaged/],
  [
    "another name in the local header",
    buildZip([{ name: "aaa", localName: "../" }]),
    /mismatching/,
  ],
  [
    "entries that share their bytes",
    buildZip(
      Array.from({ length: 500 }, (_, index) => ({
        name: `f${index}`,
        content: "x",
        sharesFirst: index > 0,
      })),
    ),
    /overlaps/,
  ],
  ["a wrong count", buildZip([{ name: "a" }], { count: 5 }), /damaged/],
  [
    "a directory elsewhere",
    buildZip([{ name: "a" }], { directoryOffset: 0x7fffffff }),
    /not where/,
  ],
  [
    "bytes before",
    Buffer.concat([Buffer.from("#!/bin/sh\n"), buildZip([{ name: "a" }])]),
    /not where/,
  ],
  ["bytes behind", Buffer.concat([buildZip([{ name: "a" }]), Buffer.from("JUNK")]), /not found/],
  ["two zips", Buffer.concat([buildZip([{ name: "a" }]), buildZip([{ name: "b" }])]), /not where/],
  ["half a zip", buildZip([{ name: "a", content: "x".repeat(100) }]).subarray(0, 80), /not found/],
  ["no zip", Buffer.from("hello, this is no zip archive at all"), /not found/],
  ["nothing", Buffer.alloc(0), /not found/],
];

for (const [what, bytes, message] of refused) {
  test(`an upload with ${what} is refused and nothing is written`, async () => {
    await using space = await workspace();
    await writeFile(space.at("upload"), bytes);

    await assert.rejects(inspectUpload(space.at("upload"), limits), (error) => {
      assert.ok(error instanceof InvalidZip, String(error));
      assert.match(error.message, message);
      return true;
    });

    assert.deepEqual(await readdir(space.directory), ["upload"]);
  });
}

// It was quadratic: 39 ms a link, in front of every other request.
test(
  "links of thousands of steps are checked as quickly as others",
  { timeout: 30_000 },
  async () => {
    await using space = await workspace();
    const content = "a/".repeat(2047) + "a";
    const links = Array.from({ length: 1_500 }, (_, at) => ({
      name: `l${at}`,
      content,
      mode: link,
    }));
    await writeFile(space.at("upload"), buildZip(links));

    const { entries } = await inspectUpload(space.at("upload"), limits);

    assert.equal(entries.length, links.length);
  },
);

test("an upload that unpacks to more than the limit is refused by its declared sizes", async () => {
  await using space = await workspace();
  await writeFile(space.at("upload"), buildZip([{ name: "a", content: zeros }]));

  await assert.rejects(
    inspectUpload(space.at("upload"), { ...limits, maxTotalBytes: 1024 }),
    (error) => error instanceof ZipTooLarge && /larger than 1024 bytes/.test(error.message),
  );
});

test("an upload with too many entries is refused before they are read", async () => {
  await using space = await workspace();
  await writeFile(space.at("upload"), buildZip([{ name: "../a" }, { name: "../b" }]));

  await assert.rejects(
    inspectUpload(space.at("upload"), { ...limits, maxEntries: 1 }),
    /has 2 entries; at most 1/,
  );
});

const accepted: readonly (readonly [string, readonly TestEntry[], readonly string[]])[] = [
  ["names that differ in case", [{ name: "File" }, { name: "file" }], ["File", "file"]],
  [
    "links that stay inside",
    [{ name: "a/l", content: "../b", mode: link }, { name: "b" }],
    ["a/l", "b"],
  ],
  [
    "a link that goes down and up and far down",
    [{ name: "a/l", content: `b/../../c/${"d/".repeat(500)}e`, mode: link }],
    ["a/l"],
  ],
  [
    "a loop of links",
    [
      { name: "x", content: "y", mode: link },
      { name: "y", content: "x", mode: link },
    ],
    ["x", "y"],
  ],
  ["./ itself", [{ name: "./", mode: 0o40755 }, { name: "./b" }], ["b"]],
  ["names in any script", [{ name: "café.txt" }, { name: "\u202egpj" }], ["café.txt", "\u202egpj"]],
  ["data descriptors", [{ name: "a", content: "x", dataDescriptor: true }], ["a"]],
  ["no Unix attributes", [{ name: "a", madeBy: 0, mode: 0 }], ["a"]],
];

for (const [what, entries, names] of accepted) {
  test(`an upload with ${what} is accepted`, async () => {
    await using space = await workspace();
    await writeFile(space.at("upload"), buildZip(entries));

    const { entries: found } = await inspectUpload(space.at("upload"), limits);

    const kept = found.filter(({ entry }) => entry.kind !== "root");
    assert.deepEqual(
      kept.map(({ entry }) => entry.name),
      names,
    );
  });
}

test("a package holds the upload and the matched files, as unzip sees them", async () => {
  await using space = await workspace();
  await writeFile(
    space.at("upload"),
    buildZip([
      { name: "app/", mode: 0o40000 },
      { name: "app/run", content: "#!/bin/sh\n", mode: 0o104755 },
      { name: "app/secret", content: "s", mode: 0o100000 },
      { name: "here", content: "app/run", mode: link },
      { name: "big", content: zeros },
    ]),
  );
  const matched = deflateRawSync(Buffer.from("from the cache"));
  await writeFile(space.at("matched"), Buffer.concat([Buffer.from("skip"), matched]));

  const upload = await inspectUpload(space.at("upload"), limits);
  await assemblePackage(
    upload,
    {
      target: space.at("package.zip"),
      matched: [
        {
          name: "lib/cached.txt",
          sha256: hash("sha256", "from the cache"),
          size: 14,
          modified: 0x210000,
          mode: 0o755,
          method: 8,
          crc32: 0x06d18c58,
          packedCrc32: crc32(matched),
          compressedSize: matched.length,
          source: 0,
          offset: 4,
        },
      ],
      sources: [space.at("matched")],
      packs: packs(space.at("pack-")),
    },
    limits,
  );

  await runChecked("unzip", ["-q", space.at("package.zip"), "-d", space.at("out")]);
  const listing = await runChecked("find", [space.at("out"), "-printf", "%P %m %y\n"]);
  assert.deepEqual(listing.trim().split("\n").toSorted(), [
    "755 d",
    "app 700 d",
    "app/run 755 f",
    "app/secret 600 f",
    "big 644 f",
    "here 777 l",
    "lib 755 d",
    "lib/cached.txt 755 f",
  ]);
  assert.equal(await readFile(space.at("out/here"), "utf8"), "#!/bin/sh\n");
  assert.equal(await readFile(space.at("out/lib/cached.txt"), "utf8"), "from the cache");
});

test("the pack holds the new files once each, and a later package can be made of it alone", async () => {
  await using space = await workspace();
  await writeFile(
    space.at("upload"),
    buildZip([
      { name: "a", content: "same" },
      { name: "b", content: "same" },
      { name: "c", content: "known" },
      { name: "empty" },
      { name: "hidden", content: "not mine", mode: 0o100044 },
    ]),
  );
  await using threads = new AssemblyThreads(1);
  await using worker = new AssemblyWorker(limits, threads);

  const cacheable = await worker.inspect(space.at("upload"));
  const [same, known] = cacheable;
  assert.deepEqual(
    cacheable.map(({ size }) => size),
    [4, 5],
  );
  const assembled = await worker.assemble({
    target: space.at("first.zip"),
    matched: [],
    sources: [],
    packs: packs(space.at("pack-"), [same?.sha256 ?? ""]),
  });
  assert.notEqual(known, undefined);
  const [pack, ...more] = assembled.packs;
  assert.ok(pack !== undefined && more.length === 0);
  assert.deepEqual(
    pack.files.map(({ sha256 }) => sha256),
    [hash("sha256", "same")],
  );
  for (const written of [{ path: space.at("first.zip"), content: assembled.content }, pack]) {
    const bytes = await readFile(written.path);
    assert.deepEqual(written.content, {
      size: bytes.length,
      sha1: hash("sha1", bytes),
      sha256: hash("sha256", bytes),
    });
  }

  const [file] = pack.files;
  assert.ok(file !== undefined);
  await assemblePackage(
    undefined,
    {
      target: space.at("second.zip"),
      matched: [{ ...file, name: "only", mode: 0o644, modified: 0x210000, source: 0 }],
      sources: [pack.path],
      packs: packs(space.at("no-pack")),
    },
    limits,
  );
  assert.equal(await runChecked("unzip", ["-p", space.at("second.zip"), "only"]), "same");
});

test("a thread that has made a package, or refused one, makes the next, and keeps nothing of the last", async () => {
  await using space = await workspace();
  await writeFile(space.at("upload"), buildZip([{ name: "left-behind", content: "x" }]));
  await using threads = new AssemblyThreads(1);
  const used = new Set<unknown>();
  const make = async <Result>(work: (worker: AssemblyWorker) => Promise<Result>) => {
    const thread = threads.take();
    used.add(thread);
    await threads.giveBack(thread);
    await using worker = new AssemblyWorker(limits, threads);
    return await work(worker);
  };
  const request = { target: space.at("target"), matched: [], sources: [] };

  await make((worker) => worker.inspect(space.at("upload")));
  await assert.rejects(
    make((worker) => worker.assemble({ ...request, packs: packs(space.at("pack-")) })),
    /zipfile is empty/,
  );
  await assert.rejects(make((worker) => worker.inspect(space.at("missing"))));
  const cacheable = await make((worker) => worker.inspect(space.at("upload")));

  assert.equal(used.size, 1);
  assert.deepEqual(
    cacheable.map(({ sha1 }) => sha1),
    [hash("sha1", "x")],
  );
});

test("a thread whose package has left it large is not kept", async () => {
  await using threads = new AssemblyThreads(1, 1024 * 1024);
  const thread = threads.take();
  await once(thread, "online");
  await threads.giveBack(thread);
  const next = threads.take();
  await next.terminate();

  assert.notEqual(next, thread);
  assert.equal(thread.threadId, -1);
});

test("the worker throws the same error for a bad upload", async () => {
  await using space = await workspace();
  await writeFile(space.at("upload"), buildZip([{ name: "../x" }]));
  await using threads = new AssemblyThreads(1);
  await using worker = new AssemblyWorker(limits, threads);

  await assert.rejects(worker.inspect(space.at("upload")), InvalidZip);
});

test("a small package is made in this thread, a large, crowded or bad one in one of its own", async () => {
  await using space = await workspace();
  const zips = {
    small: buildZip([{ name: "a", content: "1" }]),
    large: buildZip([{ name: "a", content: "x".repeat(5 * 1024 * 1024) }]),
    crowded: buildZip(Array.from({ length: 201 }, (_, index) => ({ name: `f${index}` }))),
    bad: Buffer.from("no zip"),
    padded: buildZip([{ name: "a", content: randomBytes(5 * 1024 * 1024), declaredSize: 1 }]),
    wordy: buildZip(
      Array.from({ length: 100 }, (_, at) => ({ name: `${at}${"n".repeat(5_000)}` })),
    ),
  };
  for (const [name, bytes] of Object.entries(zips)) await writeFile(space.at(name), bytes);
  await using threads = new AssemblyThreads(1);
  const isInThread = async (bitsPath: string | undefined, sizes: readonly number[]) => {
    const resources = sizes.map((size) => ({ size }));
    await using assembly = openAssembly({ bitsPath, resources }, limits, threads);
    return assembly instanceof AssemblyWorker;
  };

  assert.equal(await isInThread(space.at("small"), [100]), false);
  assert.equal(await isInThread(undefined, [100]), false);
  for (const name of ["large", "crowded", "bad", "padded", "wordy"]) {
    assert.equal(await isInThread(space.at(name), []), true, name);
  }
  assert.equal(await isInThread(space.at("small"), [5 * 1024 * 1024]), true);
});

test("no cacheable file is larger than the limit", async () => {
  await using space = await workspace();
  await writeFile(
    space.at("upload"),
    buildZip([
      { name: "a", content: "12345" },
      { name: "b", content: "1" },
    ]),
  );

  const upload = await inspectUpload(space.at("upload"), limits);

  const files = cacheableFiles(upload, { ...limits, maxCachedFileBytes: 4 });
  assert.deepEqual(
    files.map(({ size }) => size),
    [1],
  );
});

test("a matched file may not have the name of an uploaded one", async () => {
  await using space = await workspace();
  await writeFile(space.at("upload"), buildZip([{ name: "a", content: "x" }]));
  const upload = await inspectUpload(space.at("upload"), limits);
  const matched = { name: "a", sha256: "", size: 1, mode: 0o644, method: 0, crc32: 0, modified: 0 };

  await assert.rejects(
    assemblePackage(
      upload,
      {
        target: space.at("package.zip"),
        matched: [{ ...matched, packedCrc32: null, compressedSize: 1, source: 0, offset: 0 }],
        sources: [space.at("upload")],
        packs: packs(space.at("pack-")),
      },
      limits,
    ),
    /duplicate entry "a"/,
  );
  assert.deepEqual(await readdir(space.directory), ["upload"]);
});

test("large content, which passes in pieces, is proved by its compressed bytes as well, stored or deflated", async () => {
  await using space = await workspace();
  const content = randomBytes(5 * 1024 * 1024);
  for (const stored of [true, false]) {
    const zip = space.at(`upload-${stored}.zip`);
    await writeFile(zip, buildZip([{ name: "random", content, stored }]));
    const upload = await inspectUpload(zip, limits);
    const { entry, dataOffset, packedCrc32 } = upload.entries[0] ?? assert.fail("no entry");
    const bytes = await readFile(zip);

    const packed = bytes.subarray(dataOffset, dataOffset + entry.compressedSize);
    assert.equal(packedCrc32, crc32(packed));
    assert.equal(entry.method, stored ? 0 : 8);
  }
});

test("a cached file that is not what its hash says is found out before it is used", async () => {
  await using space = await workspace();
  await writeFile(space.at("matched"), "changed on disk");
  const before = "as it was once!";
  const file = {
    name: "a",
    size: 15,
    mode: 0o644,
    method: 0,
    compressedSize: 15,
    source: 0,
    offset: 0,
  };
  await using threads = new AssemblyThreads(1);

  for (const [index, packedCrc32] of [null, crc32(before)].entries()) {
    await using worker = new AssemblyWorker(limits, threads);
    const known = { sha256: hash("sha256", before), crc32: crc32("changed on disk"), packedCrc32 };
    const assembled = worker.assemble({
      target: space.at(`package-${index}.zip`),
      matched: [{ ...file, ...known, modified: 0 }],
      sources: [space.at("matched")],
      packs: packs(space.at("pack-")),
    });

    await assert.rejects(assembled, CorruptResource);
  }
});
