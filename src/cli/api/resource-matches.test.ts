import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { startStub } from "../testing/answers.ts";
import { CloudController } from "./cloud-controller.ts";
import { HttpTransport } from "./http-transport.ts";
import { matchFiles } from "./resource-matches.ts";

test("many files are asked for in lists of 5,000, and what is held is told in the order of the files", async () => {
  await using stub = await startStub();
  const { signal } = new AbortController();
  using transport = new HttpTransport({
    skipSslValidation: false,
    environment: {},
    clock: systemClock,
    signal,
  });
  const cc = new CloudController({
    transport,
    target: stub.url,
    userAgent: "test",
    accessToken: async () => "",
    warn: () => undefined,
  });
  const files = Array.from({ length: 12_000 }, (_, index) => ({
    path: `folder "${index % 3}"/\u00e4-${index}`,
    mode: 0o644,
    sha1: index.toString(16).padStart(40, "0"),
    size: 1 + index,
  }));
  const resources = files.map(({ path, mode, sha1, size }) => ({
    checksum: { value: sha1 },
    size_in_bytes: size,
    path,
    mode: mode.toString(8),
  }));
  // Of the last list every file is held: its answer is what was asked.
  const isHeld = (file: { path: string }) => file.path.endsWith("7") || /-1\d{4}$/.test(file.path);
  const lengths: number[] = [];
  stub.on(/POST \/v3\/resource_matches/, ({ body }) => {
    const asked = JSON.parse(body.toString()).resources;
    lengths.push(asked.length);
    return { status: 201, json: { resources: asked.filter(isHeld) } };
  });

  const matches = await matchFiles(cc, files);

  assert.deepEqual(
    lengths.toSorted((a, b) => a - b),
    [2_000, 5_000, 5_000],
  );
  assert.deepEqual(JSON.parse(matches.resources), resources.filter(isHeld));
  assert.deepEqual(
    [...matches.held].toSorted(),
    files.filter(isHeld).map(({ sha1 }) => sha1),
  );
});
