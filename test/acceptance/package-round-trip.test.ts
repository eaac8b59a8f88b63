import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder } from "../support/app-folder.ts";
import { OfficialUser, withoutOfficialClient } from "../support/official-client.ts";
import { readTree, type Tree } from "../support/read-tree.ts";
import { TestPlatform, type CliResult } from "../support/test-platform.ts";

// Whatever tree is pushed, the package that is downloaded again holds it: by a first push, which sends everything, and by
// a second one, of which the platform knows the most. As in the original the owner may read and write every file there.

let platform: TestPlatform;
let api: Api;

before(async () => {
  platform = await TestPlatform.start();
  api = await loggedIn(platform.addresses);
  assert.equal((await platform.rivera(["login"])).status, 0);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
});

const awkwardNames = [
  "server.js",
  "Server.js",
  "SERVER.JS",
  "with space",
  " leading and trailing ",
  "caf\u00e9",
  "cafe\u0301",
  "日本語.txt",
  "العربية",
  "עברית",
  "ру́сский",
  "हिन्दी",
  "🦀.rs",
  "a'b\"c`d$e",
  "semi;colon&and|pipe",
  "star*question?[brackets]",
  "-dash",
  "%2e%2e",
  "..dots",
  "...",
  "~",
  "#hash",
  "!bang",
  "x".repeat(255),
];

/** Unix keeps 255 bytes of a name. */
const name = fc.oneof(
  fc.constantFrom(...awkwardNames),
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter(
      (text) =>
        /^[^/\\\0\n\r]+$/.test(text) &&
        ![".", ".."].includes(text) &&
        Buffer.byteLength(text) < 255,
    ),
);
const mode = fc.constantFrom(0o644, 0o755, 0o600, 0o700, 0o444, 0o640, 0o777, 0o400);
const content = fc.oneof(
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 300_000 }).map((size) => Buffer.alloc(size, `${size} `)),
  },
);
const entry = fc.record({
  folders: fc.array(name, { maxLength: 4 }),
  name,
  item: fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("file" as const), mode, content }) },
    { weight: 1, arbitrary: fc.constant({ kind: "folder" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("link" as const), target: name }) },
  ),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

const tree = fc.array(entry, { minLength: 1, maxLength: 40 });

/** Never part of an app (known-differences.md, and the official client's default rules). */
const isIgnored = (names: readonly string[]) =>
  names.some((part) =>
    /^(\.cfignore|\.DS_Store|\.git|\.gitignore|\.hg|\.svn|_darcs|manifest\.ya?ml)$/.test(part),
  );

function makeTree(entries: readonly Entry[]): string {
  const root = mkdtempSync(path.join(tmpdir(), "rivera-tree-"));
  writeFileSync(path.join(root, "always-there"), "so that the tree is never empty");
  for (const { folders, name: last, item } of entries) {
    const file = path.join(root, ...folders, last);
    if (isIgnored([...folders, last]) || Buffer.byteLength(file) > 3_000) continue;
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      if (item.kind === "folder") mkdirSync(file, { recursive: true });
      else if (item.kind === "link") symlinkSync(item.target, file);
      else {
        writeFileSync(file, item.content);
        chmodSync(file, item.mode);
      }
    } catch (error) {
      // The name is taken by an entry of another kind.
      if (!/EEXIST|ENOTDIR|EISDIR|ELOOP|ENOENT/.test(String(error))) throw error;
    }
  }
  return root;
}

type Push = (app: string, folder: string) => Promise<CliResult>;

const byOurs: Push = (app, folder) => platform.rivera(["push", app, "--no-start"], { cwd: folder });

async function packageOf(app: string): Promise<Tree> {
  const apps = await api("GET", `/v3/apps?names=${app}`);
  const { guid } = apps.json.resources[0];
  const packages = await api("GET", `/v3/apps/${guid}/packages?order_by=-created_at&per_page=1`);
  const zip = path.join(platform.dataDir, "downloaded.zip");
  execFileSync("curl", [
    "-sSfL",
    "-o",
    zip,
    "-H",
    `Authorization: bearer ${api.token}`,
    `${platform.addresses.api}/v3/packages/${packages.json.resources[0].guid}/download`,
  ]);
  const folder = mkdtempSync(path.join(tmpdir(), "rivera-unzipped-"));
  try {
    // Another reader than ours; -o because names that differ in case alone are two files here.
    execFileSync("unzip", ["-q", "-o", zip, "-d", folder], {
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
    return readTree(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function roundTrips(push: Push, { runs, app }: { runs: number; app: string }): Promise<void> {
  await fc.assert(
    fc.asyncProperty(tree, content, async (entries, more) => {
      const root = makeTree(entries);
      try {
        const expectSame = async () => {
          const { status, stdout, stderr } = await push(app, root);
          assert.equal(status, 0, stdout + stderr);
          assert.deepEqual(
            await packageOf(app),
            readTree(root, (mode) => mode | 0o600),
          );
        };
        await expectSame();
        writeFileSync(path.join(root, "always-there"), more);
        writeFileSync(path.join(root, "added"), Buffer.concat([more, more]));
        await expectSame();
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    }),
    {
      numRuns: runs,
      // Shrinking takes minutes; the report tells the seed and the tree.
      endOnFailure: true,
      examples: [
        [
          awkwardNames.map((each): Entry => ({
            folders: [],
            name: each,
            item: { kind: "file", mode: 0o644, content: Buffer.from(each) },
          })),
          Buffer.from("x"),
        ],
      ],
    },
  );
}

test("any tree that our client pushes is the tree of the package, sent whole and matched", async () => {
  await roundTrips(byOurs, { runs: 4, app: "ours" });
});

test(
  "any tree that the official client pushes is the tree of the package",
  { skip: withoutOfficialClient },
  async () => {
    const user = new OfficialUser(platform, "admin");
    const { api: url, admin } = platform.addresses;
    const login = await user.cf(["login", "-a", url, "-u", admin.username, "-p", admin.password]);
    assert.equal(login.status, 0, login.stdout + login.stderr);
    await roundTrips((app, folder) => user.cf(["push", app, "--no-start"], { cwd: folder }), {
      runs: 2,
      app: "official",
    });
  },
);

// A minute or two of reading and hashing.
const withoutLarge =
  process.env["RIVERA_TEST_LARGE"] === undefined && "a minute's work: set RIVERA_TEST_LARGE=1";

test(
  "a file of 1 GiB, all that a package may hold, comes back whole, pushed once and again",
  { skip: withoutLarge },
  async () => {
    using folder = appFolder({});
    const large = openSync(path.join(folder.path, "large"), "w");
    ftruncateSync(large, 1024 ** 3);
    for (const at of [0, 300_000_000, 2 ** 29 - 3, 1024 ** 3 - 7]) writeSync(large, "content", at);
    closeSync(large);
    const expected = readTree(folder.path);

    for (const round of ["once", "again"]) {
      const { status, stdout, stderr } = await byOurs("large", folder.path);
      assert.equal(status, 0, stdout + stderr);
      assert.deepEqual(await packageOf("large"), expected, round);
    }
    folder.write("one byte more", "x");
    const { status, stderr } = await byOurs("large", folder.path);
    assert.equal(status, 1);
    assert.match(stderr, /Package may not be larger than 1073741824 bytes/);
  },
);

test("a zip or jar that is pushed is the tree that it holds, its files with the mode 744", async () => {
  using folder = appFolder({
    "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n",
    "lib/\u65e5\u672c\u8a9e.txt": "names are UTF-8",
    "left/.cfignore": "left\n",
  });
  folder.write("bin/run", "#!/bin/sh\n", 0o755);
  mkdirSync(path.join(folder.path, "empty"));
  symlinkSync("bin/run", path.join(folder.path, "link"));
  using zips = appFolder({});
  for (const name of ["app.zip", "app.jar"]) {
    const zip = path.join(zips.path, name);
    execFileSync("zip", ["-q", "-r", "--symlinks", zip, "."], { cwd: folder.path });
    const { status, stdout, stderr } = await platform.rivera([
      "push",
      "zipped",
      "--no-start",
      "-p",
      zip,
    ]);
    assert.equal(status, 0, stdout + stderr);
    const expected = Object.entries(readTree(folder.path, () => 0o744));
    assert.deepEqual(
      await packageOf("zipped"),
      Object.fromEntries(expected.filter(([file]) => !file.startsWith("left"))),
      name,
    );
  }
});
