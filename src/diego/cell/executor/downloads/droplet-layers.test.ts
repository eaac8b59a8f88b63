import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action, DownloadAction } from "#diego/models/action.ts";
import { runAction } from "../run-request-builder.ts";
import { dropletDownloads } from "./droplet-layers.ts";

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

test("a droplet is found where Cloud Controller puts it", () => {
  const droplet = download();

  assert.deepEqual(dropletDownloads(serial(droplet)), [droplet]);
  assert.deepEqual(dropletDownloads(timeout(serial(droplet, runAction()))), [droplet]);
  assert.deepEqual(dropletDownloads(download({ to: "/home/vcap" })).length, 1);
});

test("nothing else becomes a layer", () => {
  const { checksum: _checksum, ...unchecked } = download();
  const others: (Action | undefined)[] = [
    undefined,
    download({ to: "/tmp/app" }),
    download({ cacheKey: "" }),
    download({ user: "root" }),
    unchecked,
    serial(runAction(), download()),
    { kind: "try", action: download(), logSource: "" },
  ];
  for (const action of others) assert.deepEqual(dropletDownloads(action), []);
});
