import assert from "node:assert/strict";
import { test } from "node:test";
import { toolchainBinds, toolchainPath } from "./toolchains.ts";

const present = {
  node: "/data/node",
  java: "/data/java",
  "java-17": "/data/java-17",
  javascript: "/data/javascript",
};

for (const [rootFs, folders, path] of [
  ["preloaded:cflinuxfs4?toolchains=", [], undefined],
  ["preloaded:cflinuxfs4?toolchains=node", ["/opt/node"], "/opt/node/bin:"],
  ["preloaded:mine?toolchains=java", ["/opt/java", "/opt/java-17"], "/opt/java/bin:"],
  ["preloaded:mine?toolchains=java-17,go", ["/opt/java-17"], "/opt/java-17/bin:"],
  [
    "preloaded:cflinuxfs4",
    ["/opt/node", "/opt/java", "/opt/java-17", "/opt/javascript"],
    "/opt/node/bin:/opt/java/bin:/opt/javascript/bin:",
  ],
] as const) {
  test(`${rootFs} is laid with ${folders.join(", ") || "nothing"}`, () => {
    const binds = toolchainBinds(rootFs, present);

    assert.deepEqual(
      binds.map(({ destination }) => destination),
      folders,
    );
    for (const { source, destination } of binds) {
      assert.equal(source, destination.replace("/opt/", "/data/"));
    }
    const variables =
      path === undefined ? [] : [{ name: "PATH", value: `${path}/usr/local/bin:/usr/bin:/bin` }];
    assert.deepEqual(toolchainPath(rootFs, present), variables);
  });
}
