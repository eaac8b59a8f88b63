import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { holderOf } from "../config.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { keepUpload } from "./kept-upload.ts";
import type { PackageTable } from "./package-table.ts";

/** A data folder with an app, a package that is READY, and one as a killed process leaves it. */
async function interrupted(
  left: (ready: string) => Pick<PackageTable, "state" | "copiedFrom">,
): Promise<{ directory: string; guid: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(tmpdir(), "interrupted-"));
  await using cc = await TestCloudController.start({ directory });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const ready = await developer.packageOf(app, buildZip([{ name: "one" }]));
  const guid = await developer.createPackage(app);
  await using db = await cc.openDatabase();
  await db
    .updateTable("packages")
    .set({
      ...left(ready.json.guid),
      processedBy: holderOf({}),
      processedAt: "2020-01-01T00:00:00.000Z",
    })
    .where("guid", "=", guid)
    .execute();
  return {
    directory,
    guid,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** What the next process makes of the package. */
async function afterStart(directory: string, guid: string) {
  await using cc = await TestCloudController.start({ directory });
  const { caller } = await Developer.admin(cc);
  const made = await eventually(async () => {
    const { json } = await caller.get(`/v3/packages/${guid}`);
    return ["PROCESSING_UPLOAD", "COPYING"].includes(json.state) ? undefined : json;
  });
  const uploads = path.join(directory, "work/uploads");
  await eventually(async () => ((await readdir(uploads)).length === 0 ? true : undefined));
  return made;
}

const caller: AuthContext = {
  userGuid: "u",
  isClient: false,
  userName: "u",
  email: "",
  origin: "uaa",
  scopes: new Set(["cloud_controller.admin"]),
  isAdmin: true,
  isAdminReadOnly: false,
  isGlobalAuditor: false,
};

for (const [what, { tries = 1, of = "this", text }, state] of [
  ["of the first try goes on", {}, "READY"],
  ["of the second try goes on", { tries: 2 }, "READY"],
  ["of the third try has failed, for it may be what ends the process", { tries: 3 }, "FAILED"],
  ["whose record is damaged has failed", { text: '{"packageGuid":' }, "FAILED"],
  ["of another package is nobody's", { of: "another" }, "FAILED"],
] as const satisfies readonly (readonly [
  string,
  { readonly tries?: number; readonly of?: string; readonly text?: string },
  string,
])[]) {
  test(`at the next start an upload ${what}`, async () => {
    const nothing = { state: "PROCESSING_UPLOAD", copiedFrom: null } as const;
    await using killed = await interrupted(() => nothing);
    const { directory, guid } = killed;
    const workspace = path.join(directory, "work/uploads/upload-killed");
    await mkdir(workspace, { recursive: true });
    await writeFile(path.join(workspace, "upload"), buildZip([{ name: "two", content: "2" }]));
    // A half of what the killed process was making.
    await writeFile(path.join(workspace, "package.zip"), "half");
    await keepUpload(workspace, {
      packageGuid: of === "this" ? guid : of,
      organizationGuid: "",
      bits: "upload",
      resources: [],
      caller,
      tries,
    });
    if (text !== undefined) await writeFile(path.join(workspace, "upload.json"), text);

    const made = await afterStart(directory, guid);

    assert.equal(made.state, state, made.data.error);
    if (state === "FAILED") assert.match(made.data.error, /was stopped .*; push again/);
  });
}

test("at the next start a copy goes on, and fails where its source is gone", async () => {
  for (const [source, state] of [
    [undefined, "READY"],
    ["gone", "FAILED"],
  ] as const) {
    await using killed = await interrupted((ready) => ({
      state: "COPYING",
      copiedFrom: source ?? ready,
    }));

    const made = await afterStart(killed.directory, killed.guid);

    assert.equal(made.state, state, made.data.error);
  }
});
