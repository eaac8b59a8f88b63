import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { startStub } from "../testing/answers.ts";
import { CloudController } from "./cloud-controller.ts";
import { HttpTransport } from "./http-transport.ts";
import { matchResources } from "./resource-matches.ts";

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
    path: `file-${index}`,
    mode: "644",
    checksum: { value: index.toString(16).padStart(40, "0") },
    size_in_bytes: 1,
  }));
  const isHeld = (file: { path: string }) => !file.path.endsWith("7");
  const lengths: number[] = [];
  stub.on(/POST \/v3\/resource_matches/, ({ body }) => {
    const { resources } = JSON.parse(body.toString());
    lengths.push(resources.length);
    return { status: 201, json: { resources: resources.filter(isHeld) } };
  });

  const held = await matchResources(cc, files);

  assert.deepEqual(
    lengths.toSorted((a, b) => a - b),
    [2_000, 5_000, 5_000],
  );
  assert.deepEqual(held, files.filter(isHeld));
});
