// Buildpacks of other people, unmodified, through the whole platform: uploaded, staged and served in real containers, driven by
// the official client. Their zips are read from BUILDPACKS_DIR; none of them stands in this repository (README.md).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { appFolder } from "../support/app-folder.ts";
import { OfficialUser, withoutOfficialClient } from "../support/official-client.ts";
import { answer } from "../support/stage-and-serve.ts";
import { TestPlatform } from "../support/test-platform.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases.ts";
import { conformanceTable, versionOfZip, type Row } from "./conformance-table.ts";
import { repackaged, toolchainsZip } from "./toolchains.ts";

const zips = process.env["BUILDPACKS_DIR"];
/** Where the table goes that this run has earned; nowhere by default. */
const tableFile = process.env["BUILDPACKS_TABLE"];
const skip = zips === undefined ? "BUILDPACKS_DIR is not set" : withoutOfficialClient;

let platform: TestPlatform;
let admin: OfficialUser;
let folder: string;
const rows: Row[] = [];

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(path.join(tmpdir(), "buildpacks-of-others-"));
  platform = await TestPlatform.start();
  admin = new OfficialUser(platform, "admin");
  const { api, admin: login } = platform.addresses;
  await succeeds(["login", "-a", api, "-u", login.username, "-p", login.password]);
  const overrides = cases.flatMap((one) =>
    one.override === undefined || one.skip !== undefined ? [] : [one.override],
  );
  await succeeds([
    "create-buildpack",
    "local_toolchains",
    toolchainsZip(folder, overrides),
    "99",
    "--disable",
  ]);
  // Enabled so that it can be named; it has no bin/detect, so nothing is ever detected by it.
  await succeeds(["update-buildpack", "local_toolchains", "--enable"]);
});

after(async () => {
  await platform?.[Symbol.asyncDispose]();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  if (tableFile !== undefined && rows.length > 0) {
    writeFileSync(tableFile, conformanceTable(rows));
  }
});

for (const one of cases) {
  test(
    `${one.title}: staged and served, from an empty cache and from its own`,
    {
      skip: skip === false ? whyNot(one) : skip,
    },
    async () => {
      const row = { title: one.title, setUp: one.setUp, version: versionOfZip(zipOf(one)) };
      try {
        await stageAndServe(one);
        rows.push({ ...row, outcome: "staged and served, twice" });
      } catch (error) {
        rows.push({ ...row, outcome: `failed: ${firstLine(error)}` });
        throw error;
      }
    },
  );
}

function whyNot(one: Case): string | false {
  if (!existsSync(zipOf(one))) return `BUILDPACKS_DIR has no ${one.zip}.zip`;
  return one.skip ?? false;
}

async function stageAndServe(one: Case): Promise<void> {
  const name = `their-${one.zip}`;
  await install(one.zip, one);
  if (one.followedBy !== undefined) await install(one.followedBy, {});
  const chain = [
    ...(one.override === undefined ? [] : ["local_toolchains"]),
    `their_${one.zip}`,
    ...(one.followedBy === undefined ? [] : [`their_${one.followedBy}`]),
  ];
  using app = appFolder({});
  for (const [file, text] of Object.entries(one.files)) {
    app.write(file, text, text.startsWith("#!") ? 0o755 : 0o644);
  }
  if (one.prepare !== undefined) {
    const [program, ...args] = one.prepare;
    execFileSync(program, args, { cwd: app.path, stdio: "ignore" });
  }
  const options = [
    ...chain.flatMap((buildpack) => ["-b", buildpack]),
    "-m",
    one.memory ?? "128M",
    "-k",
    "512M",
    ...(one.command === undefined ? [] : ["-c", one.command]),
  ];
  await succeeds(["push", name, ...options, "--no-start"], app.path);
  for (const [variable, value] of Object.entries(one.env ?? {})) {
    await succeeds(["set-env", name, variable, value]);
  }
  for (const attempt of ["cold", "warm"]) {
    const log = await succeeds(["push", name, ...options], app.path);
    assert.match(log, one.log);
    const { status, body } = await answer(platform, name, one.path);
    assert.equal(status, 200, `${attempt}: ${body}`);
    assert.match(body.trim(), one.answer);
  }
  await succeeds(["delete", name, "-f", "-r"]);
}

/** Uploads the buildpack once, with a manifest of local files where the case needs one. */
async function install(zip: string, { manifest }: Pick<Case, "manifest">): Promise<void> {
  const name = `their_${zip}`;
  const known = await succeeds(["buildpacks"]);
  if (known.includes(` ${name} `)) return;
  const file = path.join(zips ?? "", `${zip}.zip`);
  const bits = manifest === undefined ? file : repackaged(folder, file, manifest);
  await succeeds(["create-buildpack", name, bits, "99"]);
}

function zipOf(one: Case): string {
  return path.join(zips ?? "", `${one.zip}.zip`);
}

async function succeeds(args: readonly string[], cwd?: string): Promise<string> {
  const result = await admin.cf(args, cwd === undefined ? {} : { cwd });
  assert.equal(result.status, 0, `cf ${args[0]}\n${result.stdout}\n${result.stderr}`);
  return `${result.stdout}\n${result.stderr}`;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
