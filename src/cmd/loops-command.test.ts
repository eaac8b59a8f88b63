import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import { carriesSecret, asInternalSecret } from "#kernel/http/internal-auth.ts";
import { loopLines } from "./loops-command.ts";

const secret = "the secret of the data folder....";

/** Asks for the platform's secret; with a token for that, but where tokens are got. */
async function listener(answers: Readonly<Record<string, unknown>>, token?: string) {
  const server = createServer((request: IncomingMessage, response) => {
    const isKnown =
      token === undefined
        ? carriesSecret(request.headers, asInternalSecret(secret))
        : request.url === "/oauth/token" || request.headers.authorization === `bearer ${token}`;
    response.statusCode = isKnown ? 200 : 401;
    response.end(JSON.stringify(answers[request.url ?? ""]));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { port, [Symbol.dispose]: () => void server.close() };
}

test("the loops are shown with their last and next runs, and what they did", async () => {
  using cloudController = await listener({
    "/loops": [
      {
        name: "process-sync",
        activations: 3,
        lastStartedAt: "2026-01-02T03:04:05.678Z",
        lastDurationMs: 12,
        lastResult: { desired: 4 },
        nextAt: "2026-01-02T03:04:35.690Z",
      },
      { name: "jobs", activations: 0 },
    ],
    "/clean-up": [
      {
        name: "audit_events",
        at: "20:00",
        lastStartedAt: "2026-01-01T20:00:00.000Z",
        lastCompletedAt: "2026-01-01T20:00:01.500Z",
        removed: 17,
        nextAt: "2026-01-02T20:00:00.000Z",
      },
      {
        name: "tasks",
        at: "23:00",
        lastStartedAt: "2026-01-01T23:00:00.000Z",
        lastCompletedAt: "2026-01-01T23:00:00.000Z",
        lastError: `the disk is\nfull ${"x".repeat(80)}`,
        nextAt: "2026-01-02T23:00:00.000Z",
      },
    ],
  });
  using bbs = await listener({
    "/loops": [{ name: "converge-lrps", lastResult: "nothing to do" }],
  });

  using uaa = await listener(
    {
      "/oauth/token": { access_token: "operator's" },
      "/rivera/v1/loops": [{ name: "uaa.upkeep", lastResult: { sessions: 2 } }],
    },
    "operator's",
  );

  const lines = await loopLines(
    {
      cloudControllerPort: cloudController.port,
      bbsPort: bbs.port,
      internalSecret: secret,
    },
    `http://127.0.0.1:${uaa.port}`,
  );

  assert.deepEqual(
    lines.map((line) => line.split(/ {3,}/)),
    [
      ["name", "last run", "took", "next run", "result"],
      ["process-sync", "2026-01-02T03:04:05Z", "12 ms", "2026-01-02T03:04:35Z", '{"desired":4}'],
      ["jobs", "never"],
      ["converge-lrps", "never", "nothing to do"],
      ["uaa.upkeep", "never", '{"sessions":2}'],
      [
        "clean-up audit_events",
        "2026-01-01T20:00:00Z",
        "1500 ms",
        "2026-01-02T20:00:00Z",
        "17 removed",
      ],
      [
        "clean-up tasks",
        "2026-01-01T23:00:00Z",
        "0 ms",
        "2026-01-02T23:00:00Z",
        `failed: the disk is full ${"x".repeat(32)}...`,
      ],
    ],
  );
});

test("who has not the secret of the platform is told that it was refused", async () => {
  using other = await listener({});
  await assert.rejects(
    loopLines(
      { cloudControllerPort: other.port, bbsPort: other.port, internalSecret: "other" },
      `http://127.0.0.1:${other.port}`,
    ),
    /answers 401/,
  );
});
