import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { bundleProgram } from "./program-bundle.ts";
import { sourceStacks } from "./source-stacks.ts";

const main = `import { first } from "./deep/first.ts";
try {
  first({ second: "x" });
} catch (error) {
  process.stdout.write(error instanceof Error ? String(error.stack) : "");
}
`;
const first = `export interface Wanted {
  readonly second: string;
}

/** Types and comments are no part of a bundle. */
export function first({ second }: Wanted): string {
  const fail = (times: number): string => {
    if (times === 0) throw new TypeError(\`no \${second} in \${import.meta.dirname}\`);
    return fail(times - 1) + second;
  };
  return fail(1);
}
`;

test("a trace of a bundled program names sources, lines and columns, as a trace of the sources does", async (t) => {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), "source-stacks-")));
  t.after(() => rm(root, { recursive: true, force: true }));
  await mkdir(path.join(root, "src/deep"), { recursive: true });
  await writeFile(path.join(root, "src/main.ts"), main);
  await writeFile(path.join(root, "src/deep/first.ts"), first);
  const run = (file: string) => spawnSync(process.execPath, [file], { encoding: "utf8" }).stdout;
  const fromSources = run(path.join(root, "src/main.ts"));

  await bundleProgram(root, { name: "it", main: "src/main.ts", sources: ["src"] }, systemClock);
  const folder = await realpath(path.join(root, ".cache/it/current"));
  const bundled = run(path.join(folder, "main.js"));

  const places = (stack: string) =>
    [...stack.matchAll(/\/src\/(.*?):(\d+):\d+/g)].map(([, file, line]) => `${file}:${line}`);
  assert.deepEqual(places(bundled), []);
  assert.deepEqual(places(fromSources), [
    "deep/first.ts:8",
    "deep/first.ts:9",
    "deep/first.ts:11",
    "main.ts:3",
  ]);
  const stackOf = sourceStacks(folder);
  const translated = stackOf(bundled);
  assert.deepEqual(places(translated), places(fromSources));
  assert.match(translated, /^TypeError: no x in .*\n.*at fail \(.*\/src\/deep\/first\.ts:8:28\)\n/);
  assert.equal(stackOf(bundled), translated);

  assert.equal(sourceStacks(root)(bundled), bundled);
  const odd = `Error: file://elsewhere/x.js:1:1 ${pathToFileURL(folder).href}/gone.js:1:1`;
  assert.equal(stackOf(odd), odd);
});
