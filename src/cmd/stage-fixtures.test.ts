import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fixtureFolders, fixtureRow } from "./stage-fixtures.ts";

const times = { startedAt: 1_000, endedAt: 3_450 };
const detect = (subject: string, outcome: string, version?: string) => ({
  name: "detect",
  subject,
  from: "builder" as const,
  startedAt: 1_000,
  endedAt: 1_010,
  outcome,
  ...(version === undefined ? {} : { version }),
});
const staged = {
  ...times,
  kind: "staged" as const,
  droplet: { path: "d.tgz", bytes: 3 * 1024 ** 2, sha256: "abc" },
  detectedBuildpack: "mine",
  buildpacks: [{ name: "mine", version: undefined }],
  processTypes: { web: "run" },
};
const failed = {
  ...times,
  kind: "failed" as const,
  failure: { id: "BuildpackCompileFailed", description: "compile\u001b[2J failed", logMessage: "" },
};

test("a fixture's row tells who detected it, and why it failed", () => {
  const cases = [
    [
      { ...staged, spans: [detect("other", "exit status 1"), detect("mine", "ok", "1.2")] },
      ["staged", "mine 1.2", "2.5 s", "3M", ""],
    ],
    [{ ...staged, spans: [] }, ["staged", "(named) mine", "2.5 s", "3M", ""]],
    [
      { ...failed, spans: [detect("mine", "ok")] },
      ["failed", "mine", "2.5 s", "", "BuildpackCompileFailed - compile\\x1b[2J failed"],
    ],
    [
      { ...failed, spans: [detect("mine", "exit status 1")] },
      ["failed", "", "2.5 s", "", "BuildpackCompileFailed - compile\\x1b[2J failed"],
    ],
    [
      { ...failed, spans: [] },
      ["failed", "", "2.5 s", "", "BuildpackCompileFailed - compile\\x1b[2J failed"],
    ],
    [{ kind: "refused" as const, reason: "no app" }, ["failed", "", "", "", "no app"]],
  ] as const;
  for (const [result, row] of cases) assert.deepEqual(fixtureRow("app", result), ["app", ...row]);
});

test("fixtures are the folders of a folder, without hidden ones and files", () => {
  using folder = mkdtempDisposableSync(path.join(tmpdir(), "rivera-fixtures-"));
  const at = (name: string) => path.join(folder.path, name);
  assert.throws(() => fixtureFolders(folder.path), { message: /holds no folder to stage/ });
  for (const name of ["b", "a", ".git"]) mkdirSync(at(name));
  writeFileSync(at("README.md"), "");
  assert.deepEqual(fixtureFolders(folder.path), [at("a"), at("b")]);
  assert.throws(() => fixtureFolders(at("README.md")), { message: /is no folder/ });
});
