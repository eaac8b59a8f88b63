import assert from "node:assert/strict";
import { test } from "node:test";
import { platformConfig } from "./platform-config.ts";
import { defaultSettings } from "./settings.ts";

test("platformConfig() fills what was not asked for", () => {
  assert.deepEqual(platformConfig({ data: "/data" }), {
    dataDir: "/data",
    host: "127.0.0.1",
    apiPort: undefined,
    routerPort: undefined,
    cells: 1,
    cellTags: new Map(),
    runtime: "auto",
    domain: "apps.localhost",
    settings: defaultSettings(),
    databaseUrl: undefined,
    blobstoreUrl: undefined,
  });
});

test("platformConfig() takes the isolation segments of cells by their numbers", () => {
  const { cellTags } = platformConfig({ data: "/data", cells: "3", "cell-tags": "2=a,3=b c" });
  assert.deepEqual(
    [...cellTags],
    [
      [2, "a"],
      [3, "b c"],
    ],
  );
});

test("platformConfig() names the flag that it cannot use", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ port: "http" }, /--port: must be a number/],
    [{ port: "65536" }, /--port: must be at most 65535/],
    [{ "router-port": "1.5" }, /--router-port: must be a whole number/],
    [{ cells: "0" }, /--cells/],
    [{ cells: "17" }, /--cells/],
    [{ "cell-tags": "secure" }, /--cell-tags: must be like 2=SEGMENT/],
    [{ runtime: "docker" }, /--runtime/],
    [{ domain: "localhost" }, /--domain: must be a domain name/],
    [{ domain: "Apps_.x" }, /--domain/],
    [{ database: "mysql://host/cf" }, /--database: must be a URL like postgres:/],
    [{ database: "host/cf" }, /--database/],
    [{ blobstore: "https://host/bucket" }, /--blobstore: must be like s3:/],
    [{ blobstore: "s3://key:secret@bucket" }, /--blobstore: must hold no credentials/],
  ];
  for (const [flags, message] of cases) {
    assert.throws(
      () => platformConfig({ data: "/data", ...flags }),
      message,
      JSON.stringify(flags),
    );
  }
});
