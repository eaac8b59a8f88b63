import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action, DownloadAction } from "#diego/models/action.ts";
import { runAction } from "../run-request-builder.ts";
import { layerDownloads } from "./layer-downloads.ts";

function download(overrides: Partial<DownloadAction> = {}): DownloadAction {
  return {
    kind: "download",
    artifact: "droplet",
    from: "http://blobs/droplet",
    to: ".",
    cacheKey: "droplets-web",
    logSource: "CELL",
    user: "vcap",
    checksum: { algorithm: "sha256", value: "ab" },
    ...overrides,
  };
}

const serial = (...actions: Action[]): Action => ({ kind: "serial", actions, logSource: "" });
const timeout = (action: Action): Action => ({
  kind: "timeout",
  action,
  timeoutMs: 1,
  logSource: "",
});

const parallel = (...actions: Action[]): Action => ({ kind: "parallel", actions, logSource: "" });
const attempt = (action: Action): Action => ({ kind: "try", action, logSource: "" });
const found = (action: Action | undefined, belowTmp = true) =>
  layerDownloads(action, { belowTmp }).map(({ below, isOptional }) => [below, isOptional]);

test("a droplet is found where Cloud Controller puts it", () => {
  const droplet = download();

  assert.deepEqual(layerDownloads(droplet, { belowTmp: false }), [
    { action: droplet, below: "/home/vcap", isOptional: false },
  ]);
  assert.deepEqual(found(timeout(serial(droplet, runAction()))), [["/home/vcap", false]]);
  assert.deepEqual(found(download({ to: "/home/vcap" })), [["/home/vcap", false]]);
});

test("a staging's package and its cache are layers, the cache one that may be missing", () => {
  const staging = timeout(
    serial(
      parallel(
        download({ to: "/tmp/app", cacheKey: "" }),
        attempt(download({ to: "/tmp/cache", cacheKey: "" })),
      ),
      runAction(),
    ),
  );

  assert.deepEqual(found(staging), [
    ["/tmp/app", false],
    ["/tmp/cache", true],
  ]);
  assert.deepEqual(found(staging, false), []);
});

test("nothing else becomes a layer", () => {
  const { checksum: _checksum, ...unchecked } = download();
  const others: (Action | undefined)[] = [
    undefined,
    download({ to: "/tmp" }),
    download({ to: "/tmp/../etc" }),
    download({ to: "/etc" }),
    download({ cacheKey: "" }),
    download({ user: "root" }),
    unchecked,
    serial(runAction(), download()),
  ];
  for (const action of others) assert.deepEqual(found(action), []);
});
