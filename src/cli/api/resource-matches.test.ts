import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { startStub } from "../testing/answers.ts";
import { v3Error } from "../testing/stub-cloud-foundry.ts";
import { CloudController } from "./cloud-controller.ts";
import { HttpTransport } from "./http-transport.ts";
import { uploadBits } from "./packages.ts";
import { FileMatcher } from "./resource-matches.ts";

function transportToStub(): HttpTransport {
  const { signal } = new AbortController();
  return new HttpTransport({
    skipSslValidation: false,
    environment: {},
    clock: systemClock,
    signal,
  });
}

function clientOf(transport: HttpTransport, target: string): CloudController {
  return new CloudController({
    transport,
    target,
    userAgent: "test",
    accessToken: async () => "",
    warn: () => undefined,
  });
}

test("many files are asked for in lists of 2,500, and what is held is told in the order of the files", async () => {
  await using stub = await startStub();
  using transport = transportToStub();
  const cc = clientOf(transport, stub.url);
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

  const matcher = new FileMatcher(cc);
  for (const file of files) matcher.add(file);
  const matches = await matcher.finish();

  assert.deepEqual(
    lengths.toSorted((a, b) => a - b),
    [2_000, 2_500, 2_500, 2_500, 2_500],
  );
  assert.deepEqual(JSON.parse(matches.resources), resources.filter(isHeld));
  assert.deepEqual(
    [...matches.held].toSorted(),
    files
      .filter(isHeld)
      .map((file) => file.path)
      .toSorted(),
  );
});

const known = [
  { path: "a", mode: 0o644, sha1: "1".repeat(40), size: 1 },
  { path: "b", mode: 0o755, sha1: "2".repeat(40), size: 2 },
  { path: "c", mode: 0o600, sha1: "1".repeat(40), size: 1 },
];

test("a match that the platform remembers is named by the upload; forgotten, it is listed", async () => {
  await using stub = await startStub();
  using transport = transportToStub();
  const cc = clientOf(transport, stub.url);
  stub.on(/POST \/v3\/resource_matches/, () => ({
    status: 201,
    json: { reference: "the-match", missing: [1] },
  }));
  const matcher = new FileMatcher(cc);
  for (const file of known) matcher.add(file);
  matcher.add({ path: "empty", mode: 0o644, sha1: "3".repeat(40), size: 0 });

  const matches = await matcher.finish();

  assert.equal(stub.request("POST /v3/resource_matches").headers["prefer"], "return=minimal");
  assert.deepEqual([...matches.held], ["a", "c"]);
  const sent: unknown[] = [];
  const json = { guid: "pkg", state: "READY" };
  stub.on(/POST \/v3\/packages\/pkg\/upload/, ({ headers, body }) => {
    sent.push(JSON.parse(fieldOf(headers["content-type"], body)));
    const isForgotten = sent.length === 2;
    return isForgotten
      ? v3Error(422, "Resources refer to a match that is not known")
      : { status: 200, json };
  });
  await uploadBits(cc, "pkg", { matches, bits: undefined });
  await uploadBits(cc, "pkg", { matches, bits: undefined });

  const named = [{ reference: "the-match" }];
  const listed = [known[0], known[2]].map((file) => ({
    checksum: { value: file?.sha1 },
    size_in_bytes: file?.size,
    path: file?.path,
    mode: file?.mode.toString(8),
  }));
  assert.deepEqual(sent, [named, named, listed]);
});

test("an upload that is refused for another reason is not sent again", async () => {
  await using stub = await startStub();
  using transport = transportToStub();
  const cc = clientOf(transport, stub.url);
  const matches = { held: new Set<string>(), resources: "[]", listed: "[]" };
  stub.on(/POST \/v3\/packages\/pkg\/upload/, () => v3Error(422, "Upload must include bits"));

  await assert.rejects(uploadBits(cc, "pkg", { matches, bits: undefined }), /Upload must include/);

  assert.equal(stub.lines().length, 1);
});

function fieldOf(type: string | undefined, body: Buffer): string {
  const boundary = /boundary=(.*)$/.exec(type ?? "")?.[1] ?? "";
  const start = body.indexOf("\r\n\r\n") + 4;
  return body.subarray(start, body.indexOf(`\r\n--${boundary}`, start)).toString();
}
