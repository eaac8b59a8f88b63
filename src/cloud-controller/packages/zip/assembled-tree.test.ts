import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdtemp, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { runChecked } from "#kernel/process/run-command.ts";
import { buildZip } from "../../testing/build-zip.ts";
import { assemblePackage, inspectUpload, type MatchedFile } from "./assemble-package.ts";

const limits = { maxTotalBytes: 1024 ** 3, maxEntries: 1000, maxCachedFileBytes: 1024 ** 2 };

type Node =
  | {
      readonly kind: "file";
      readonly content: string;
      readonly mode: number;
      readonly isMatched: boolean;
    }
  | { readonly kind: "folder" }
  | { readonly kind: "link" };

const modes = [0o600, 0o640, 0o644, 0o755, 0o777, 0o700];

const node: fc.Arbitrary<Node> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("file" as const),
      content: fc.string({ unit: "grapheme", maxLength: 40 }),
      mode: fc.constantFrom(...modes),
      isMatched: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "folder" as const }, { kind: "link" as const }) },
);

const taken = new Set([".", "..", "src", "ключ", "資料"]);

/** Of any script; what no file may be called is left out. */
const segment = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter(
  (name) =>
    // oxlint-disable-next-line no-control-regex -- control characters are what is left out
    !/[/\\\u0000-\u001f\u007f]/.test(name) &&
    !taken.has(name) &&
    name.isWellFormed() &&
    Buffer.byteLength(name) <= 255,
);

const tree = fc.uniqueArray(
  fc.record({ folder: fc.constantFrom("", "src/", "src/ключ/", "資料/"), name: segment, node }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 12 },
);

test("any tree, partly uploaded and partly matched, comes out as it was, to the byte as if all of it had been uploaded", async () => {
  const property = fc.asyncProperty(tree, async (entries) => {
    const directory = await mkdtemp(path.join(tmpdir(), "tree-"));
    try {
      const whole = await assemble(directory, "whole", { entries, isMatched: () => false });
      const mixed = await assemble(directory, "mixed", { entries, isMatched });
      assert.ok((await readFile(whole)).equals(await readFile(mixed)));
      const out = path.join(directory, "out");
      await runChecked("unzip", ["-q", mixed, "-d", out]);
      for (const { folder, name, node: expected } of entries) {
        await assertIs(path.join(out, folder + name), expected);
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
  await fc.assert(property, { numRuns: 25 });
});

type Entry = { readonly folder: string; readonly name: string; readonly node: Node };

function isMatched({ node: made }: Entry): boolean {
  return made.kind === "file" && made.isMatched && made.content !== "";
}

async function assemble(
  directory: string,
  name: string,
  tree: { readonly entries: readonly Entry[]; isMatched(entry: Entry): boolean },
): Promise<string> {
  const at = (file: string) => path.join(directory, `${name}-${file}`);
  const uploaded = tree.entries.filter((entry) => !tree.isMatched(entry));
  await writeFile(at("upload"), buildZip(uploaded.map(toZipEntry)));
  const bytes: Buffer[] = [];
  let offset = 0;
  const matched = tree.entries
    .filter((entry) => tree.isMatched(entry))
    .flatMap((entry): MatchedFile[] => {
      if (entry.node.kind !== "file") return [];
      const content = Buffer.from(entry.node.content);
      const compressed = deflateRawSync(content);
      bytes.push(compressed);
      offset += compressed.length;
      return [
        {
          name: entry.folder + entry.name,
          sha256: hash("sha256", content, "hex"),
          size: content.length,
          mode: entry.node.mode,
          modified: 0x210000,
          method: 8,
          crc32: crc32(content),
          packedCrc32: crc32(compressed),
          compressedSize: compressed.length,
          source: 0,
          offset: offset - compressed.length,
        },
      ];
    });
  await writeFile(at("matched"), Buffer.concat(bytes));
  const packs = { prefix: at("pack-"), wanted: new Set<string>(), packBytes: 1, ownBytes: 1 };
  await assemblePackage(
    uploaded.length === 0 ? undefined : await inspectUpload(at("upload"), limits),
    { target: at("package.zip"), matched, sources: [at("matched")], packs },
    limits,
  );
  return at("package.zip");
}

function toZipEntry({ folder, name, node: made }: Entry) {
  if (made.kind === "folder") return { name: `${folder}${name}/`, mode: 0o040755 };
  if (made.kind === "link") return { name: folder + name, content: "target", mode: 0o120777 };
  return { name: folder + name, content: made.content, mode: 0o100000 | made.mode };
}

async function assertIs(file: string, expected: Node): Promise<void> {
  if (expected.kind === "link") {
    assert.equal(await readlink(file), "target");
  } else if (expected.kind === "folder") {
    assert.ok((await stat(file)).isDirectory(), file);
  } else if (expected.kind === "file") {
    assert.equal(await readFile(file, "utf8"), expected.content);
    assert.equal((await stat(file)).mode & 0o777, expected.mode);
  }
}
