import assert from "node:assert/strict";
import { globSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { runtimeContract } from "../contract/runtime-contract.ts";
import { reasonToSkip, runTestsAsUser } from "./as-ordinary-user.ts";
import { openAsUser } from "./open-as-user.ts";

const isRoot = process.getuid?.() === 0;

// Root, which has real limits, never gets these containers; an ordinary user runs the tests directly.
test(
  "the tests of containers without root pass for an ordinary user",
  { skip: isRoot ? await reasonToSkip() : "this is an ordinary user" },
  async () => {
    const files = globSync(path.join(import.meta.dirname, "*.test.ts"));

    const { status, stdout, stderr } = await runTestsAsUser(files);

    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /signal\(\) kills for good/);
  },
);

runtimeContract("crun without root", {
  takesSnapshots: false,
  skip: isRoot ? "root runs these as an ordinary user, above" : false,
  open: openAsUser,
});
