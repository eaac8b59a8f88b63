import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { UnsafeArchive } from "../container-runtime.ts";
import { TarGuard } from "./tar-guard.ts";
import { type TarEntry, tarHeader, tarPadding, tarTrailer } from "#kernel/archive/tar-header.ts";

const unsafe: readonly (readonly [what: string, entries: readonly Partial<TarEntry>[]])[] = [
  ["a name that climbs", [{ name: "../x" }]],
  ["a name that climbs in the middle", [{ name: "a/../../x" }]],
  ["an absolute name", [{ name: "/etc/x" }]],
  ["an empty name", [{ name: "" }]],
  ["a long name that climbs", [{ name: `${"a/".repeat(80)}../x` }]],
  ["a link above the container's root", [{ name: "l", type: "2", linkTarget: "../../../etc" }]],
  ["a link without a target", [{ name: "l", type: "2", linkTarget: "" }]],
  ["an entry below a link", [{ name: "l", type: "2", linkTarget: "/etc" }, { name: "l/passwd" }]],
  [
    "an entry below a link, spelt otherwise",
    [{ name: "./a/l", type: "2", linkTarget: "b" }, { name: "a//l/./x" }],
  ],
];

for (const [what, entries] of unsafe) {
  test(`TarGuard refuses ${what}`, () => {
    const first = tarOf([{ name: "fine" }]).subarray(0, -tarTrailer.length);
    const guard = new TarGuard({ below: "/home/vcap", devices: "refuse" });
    guard.inspect(first);

    assert.throws(() => guard.inspect(tarOf(entries)), UnsafeArchive);
  });
}

test("TarGuard passes what droplets hold: links into the container, long names, hard links", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "rivera-tar-"));
  const deep = `app/${"node_modules/some-package/".repeat(8)}`;
  mkdirSync(path.join(folder, deep), { recursive: true });
  writeFileSync(path.join(folder, deep, "index.js"), "x".repeat(5000));
  symlinkSync("/usr/bin/python3", path.join(folder, "app/python"));
  symlinkSync("../../deps/0/bin/node", path.join(folder, "app/node"));
  symlinkSync(`${"y".repeat(200)}`, path.join(folder, "app/long"));
  execFileSync("ln", [path.join(folder, deep, "index.js"), path.join(folder, "app/hard")]);

  for (const format of ["gnu", "pax", "ustar"]) {
    const exclude = format === "ustar" ? ["--exclude=app/long", "--exclude=app/hard"] : [];
    const archive = execFileSync(
      "tar",
      ["-cf", "-", `--format=${format}`, ...exclude, "-C", folder, "./app"],
      { maxBuffer: 10_000_000 },
    );
    const guard = new TarGuard({ below: "/home/vcap", devices: "refuse" });
    read(guard, archive);

    assert.equal(guard.bytes, 8192, format);
  }
  rmSync(folder, { recursive: true });
});

test("TarGuard tells what is no archive, and one that is cut short", () => {
  const judge = (content: Buffer) => read(new TarGuard({ below: "/", devices: "refuse" }), content);

  assert.throws(() => judge(Buffer.alloc(2000, "x")), /no tar archive/);
  assert.throws(() => judge(tarOf([{ name: "a", size: 5000 }]).subarray(0, 3000)), /cut short/);
  assert.doesNotThrow(() => judge(tarOf([])));
});

test("TarGuard needs not see what files hold", () => {
  const guard = new TarGuard({ below: "/", devices: "refuse" });
  const archive = tarOf([{ name: "a", size: 10_240 }, { name: "../b" }]);
  guard.inspect(archive.subarray(0, 1000));
  const unseen = guard.skippable;
  guard.skip(unseen);

  assert.equal(unseen, 512 + 10_240 - 1000);
  assert.throws(() => guard.inspect(archive.subarray(1000 + unseen)), UnsafeArchive);
});

test("TarGuard refuses extended headers that tar reads otherwise, or for entries to come", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "rivera-tar-"));
  writeFileSync(path.join(folder, "a"), "x".repeat(1024));
  writeFileSync(path.join(folder, "sparse"), "");
  truncateSync(path.join(folder, "sparse"), 10_000_000);
  const made = (...options: string[]) =>
    execFileSync("tar", ["-cf", "-", "--format=pax", "-C", folder, ...options]);

  const cases: [Buffer, RegExp | undefined][] = [
    [made("--pax-option=comment=fine", "a"), undefined],
    [made("--pax-option=size:=0x200", "a"), /size is no number/],
    [made("--pax-option=size:=-1", "a"), /size is no number/],
    [made("--pax-option=path=../../x", "a"), /global header/],
    [made("--pax-option=size=0", "a"), /global header/],
    [made("--sparse", "sparse"), /sparse file/],
  ];
  for (const [archive, expected] of cases) {
    const guard = new TarGuard({ below: "/home/vcap", devices: "refuse" });
    if (expected === undefined) read(guard, archive);
    else assert.throws(() => read(guard, archive), expected);
  }
  rmSync(folder, { recursive: true });
});

test("TarGuard ends what holds more than it may, before the file that is too much", () => {
  const archive = tarOf([
    { name: "a", size: 8192 },
    { name: "b", size: 1 },
  ]);
  const guard = new TarGuard({ below: "/", devices: "refuse", maximumBytes: 8192 });

  assert.throws(() => read(guard, archive), /more than 0 MiB/);
});

// What is the content of a file for one reader and an entry for the other was seen by no guard.
for (const [what, text] of [
  ["with something behind its digits", "00000001000x"],
  ["in base 64", "+1000       "],
  ["behind a NUL", "\x0000000001000"],
  ["of more than 64 bits", "\x81\0\0\0\0\0\0\0\0\0\x02\0"],
  ["that is blank", " ".repeat(12)],
] as const) {
  test(`TarGuard refuses a size ${what}, which tar reads otherwise`, () => {
    const carrier = tarHeader({ name: "a", type: "0", mode: 0o644, modified: 0, size: 0 });
    carrier.write(text, 124, "latin1");
    const archive = Buffer.concat([withChecksum(carrier), tarOf([])]);

    assert.throws(
      () => read(new TarGuard({ below: "/", devices: "refuse" }), archive),
      /a size is no number/,
    );
  });
}

test("TarGuard refuses a checksum that tar takes for none", () => {
  const archive = tarOf([{ name: "a", size: 512 }]);
  archive.write("x", 155, "latin1");

  assert.throws(
    () => read(new TarGuard({ below: "/", devices: "refuse" }), archive),
    /no tar archive/,
  );
});

test("TarGuard refuses an entry with a name of pax and one of GNU's", () => {
  const long = tarHeader({
    name: "fine/".repeat(30),
    type: "0",
    mode: 0o644,
    modified: 0,
    size: 0,
  });
  const record = Buffer.from("20 path=link/inside\n");
  const pax = tarHeader({ name: "x", type: "0", mode: 0, modified: 0, size: record.length });
  pax.write("x", 156, "latin1");
  const archive = Buffer.concat([withChecksum(pax), record, tarPadding(record.length), long]);

  assert.throws(() => read(new TarGuard({ below: "/", devices: "refuse" }), archive), /two names/);
});

test("TarGuard takes names of 256 parts and refuses deeper ones, each of whose folders it would look at", () => {
  const deep = "d/".repeat(255);
  const guard = new TarGuard({ below: "/home/vcap", devices: "refuse" });

  guard.inspect(tarOf([{ name: "link", type: "2", linkTarget: "x" }, { name: `${deep}f` }]));
  assert.throws(() => guard.inspect(tarOf([{ name: `${deep}d/f` }])), /too deep/);
});

test("TarGuard remembers so many names of links and no more", () => {
  const guard = new TarGuard({ below: "/", devices: "refuse" });
  const inspect = (at: number) => {
    const name = `${"n".repeat(200)}/`.repeat(20) + at;
    guard.inspect(tarOf([{ name, type: "2", linkTarget: "x" }]));
  };

  for (let at = 0; at < 8_000; at += 1) inspect(at);
  assert.throws(() => {
    for (let at = 8_000; at < 9_000; at += 1) inspect(at);
  }, /symbolic links are too many/);
});

test("TarGuard judges alike however the bytes come", () => {
  const archive = tarOf([{ name: `${"deep/".repeat(40)}file`, size: 700 }, { name: "../outside" }]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: archive.length - 1 })), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), archive.length];
      const chunks = places.slice(1).map((end, i) => archive.subarray(places[i], end));
      const guard = new TarGuard({ below: "/", devices: "refuse" });
      assert.throws(() => read(guard, ...chunks), UnsafeArchive);
    }),
    { numRuns: 50 },
  );
});

function read(guard: TarGuard, ...chunks: Buffer[]): void {
  for (const chunk of chunks) guard.inspect(chunk);
  guard.end();
}

function withChecksum(header: Buffer): Buffer {
  header.write(" ".repeat(8), 148, "latin1");
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

function tarOf(entries: readonly Partial<TarEntry>[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap((entry) => {
      const size = entry.size ?? 0;
      const complete = { name: "x", type: "0", mode: 0o644, modified: 0, ...entry, size } as const;
      return [tarHeader(complete), Buffer.alloc(size, "c"), tarPadding(size)];
    }),
    tarTrailer,
  ]);
}
