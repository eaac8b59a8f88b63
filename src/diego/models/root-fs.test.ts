import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePreloadedRootFs, preloadedRootFs } from "./root-fs.ts";

for (const [rootFs, expected] of [
  ["preloaded:cflinuxfs4", { stack: "cflinuxfs4", toolchains: undefined }],
  ["preloaded:cflinuxfs4?toolchains=", { stack: "cflinuxfs4", toolchains: [] }],
  ["preloaded:mine?toolchains=go,java", { stack: "mine", toolchains: ["go", "java"] }],
  ["preloaded:mine?layer=x", { stack: "mine", toolchains: undefined }],
  ["preloaded:", undefined],
  ["docker:///busybox", undefined],
  ["preloaded+layer:cflinuxfs4?layer=x", undefined],
] as const) {
  test(`parsePreloadedRootFs() reads ${rootFs}`, () => {
    assert.deepEqual(parsePreloadedRootFs(rootFs), expected);
  });
}

test("preloadedRootFs() writes what parsePreloadedRootFs() reads, and nothing of toolchains where nothing is known", () => {
  for (const rootFs of [
    { stack: "cflinuxfs4", toolchains: undefined },
    { stack: "cflinuxfs4", toolchains: [] },
    { stack: "mine", toolchains: ["go", "java-17"] },
  ]) {
    assert.deepEqual(parsePreloadedRootFs(preloadedRootFs(rootFs)), rootFs);
  }
  const plain = preloadedRootFs({ stack: "cflinuxfs4", toolchains: undefined });
  assert.equal(plain, "preloaded:cflinuxfs4");
});
