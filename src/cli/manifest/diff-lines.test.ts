import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestDiffLines, type Change } from "./diff-lines.ts";

const yaml = `applications:
- name: app
  memory: 256M
  env:
    A: secret
    B: other
  routes:
  - route: a.example.com
`;

function shown(changes: readonly Change[], redactEnv = false): string[] {
  const signs = { unchanged: " ", added: "+", removed: "-" };
  return manifestDiffLines(yaml, changes, { redactEnv }).map(
    ({ kind, text }) => `${signs[kind]} ${text}`,
  );
}

test("a manifest that changes nothing is shown as it is", () => {
  assert.deepEqual(
    shown([]),
    ["---", ...yaml.trim().split("\n")].map((line) => `  ${line}`),
  );
});

test("changed, new and removed values are marked where they stand", () => {
  const changes: Change[] = [
    { op: "replace", path: "/applications/0/memory", was: "1G", value: "256M" },
    { op: "add", path: "/applications/0/env/B", value: "other" },
    { op: "remove", path: "/applications/0/env/C", was: "gone" },
    { op: "remove", path: "/applications/0/stack", was: "cflinuxfs4" },
  ];

  assert.deepEqual(shown(changes), [
    "  ---",
    "  applications:",
    "  - name: app",
    "-   memory: 1G",
    "+   memory: 256M",
    "    env:",
    "      A: secret",
    "+     B: other",
    "-     C: gone",
    "    routes:",
    "    - route: a.example.com",
    "-   stack: cflinuxfs4",
  ]);
});

test("a new item of a list is marked as one", () => {
  const changes: Change[] = [
    { op: "add", path: "/applications/0/routes/0", value: { route: "a.example.com" } },
  ];

  assert.deepEqual(shown(changes).slice(-2), ["    routes:", "+   - route: a.example.com"]);
});

test("with --redact-env no value of a variable is shown", () => {
  const changes: Change[] = [
    { op: "replace", path: "/applications/0/env/A", was: "old secret", value: "secret" },
  ];

  assert.deepEqual(
    shown(changes, true).filter((line) => /[AB]:/.test(line)),
    ["-     A: <redacted>", "+     A: <redacted>", "      B: <redacted>"],
  );
});

test("a buildpack's URL is shown without its secrets, whether it changes or not", () => {
  const manifest = `applications:
- buildpack: https://me:s3cret@example.com/x.git
  env:
    DATABASE: postgres://me:mine@db/app?x=y
- name: other
  buildpacks:
  - https://s3cret@example.com/x.git#v1
  - https://example.com/x.zip?signature=s3cret
  - nodejs_buildpack
`;
  const changes: Change[] = [
    {
      op: "replace",
      path: "/applications/1/buildpacks/0",
      was: "https://me:s3cret-too@example.com/x.git",
      value: "https://s3cret@example.com/x.git#v1",
    },
  ];
  for (const each of [[], changes]) {
    const lines = manifestDiffLines(manifest, each, { redactEnv: false });
    const text = lines.map((line) => line.text).join("\n");

    assert.doesNotMatch(text, /s3cret/);
    assert.match(text, /buildpack: https:\/\/\*\*\*:\*\*\*@example\.com\/x\.git$/m);
    assert.match(text, /- https:\/\/\*\*\*:\*\*\*@example\.com\/x\.git#v1$/m);
    assert.match(text, / https:\/\/example\.com\/x\.zip\?\*\*\*$/m);
    assert.match(text, / nodejs_buildpack/);
    assert.match(text, /DATABASE: postgres:\/\/me:mine@db\/app\?x=y/);
  }
});
