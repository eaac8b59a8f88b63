import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runChecked } from "#kernel/process/run-command.ts";
import { assembleToolchain } from "./toolchain.ts";

const nodeModules = path.resolve(import.meta.dirname, "../../node_modules");

test("assembleToolchain() gives a Node with npm, npx and yarn that run from there, and makes it once", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "rivera-toolchain-"));
  try {
    const made = assembleToolchain({ nodeModules, directory });
    const again = assembleToolchain({ nodeModules, directory });
    const bin = path.join(made.path, "bin");
    const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: directory };

    assert.deepEqual(again, made);
    assert.deepEqual(readdirSync(directory), [path.basename(made.path)]);
    assert.equal(
      (await runChecked(path.join(bin, "node"), ["--version"], { env })).trim(),
      `v${made.nodeVersion}`,
    );
    for (const command of ["npm", "npx", "yarn"]) {
      assert.match(await runChecked(path.join(bin, command), ["--version"], { env }), /^\d+\.\d+/);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
