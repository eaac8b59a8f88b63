import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { observedBuild, observedLine } from "../testing/observed-build.ts";

test("a collector is sent the timeline of each staging once it has ended", async () => {
  const received = Promise.withResolvers<{ url: string | undefined; body: string }>();
  await using collector = createServer((request, response) => {
    void text(request).then((body) => {
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
      received.resolve({ url: request.url, body });
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const otlpEndpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
  await using stage = await observedBuild({ otlpEndpoint });
  const { tell, developer, bbs, buildGuid } = stage;

  // The cell's last word comes before the end of the build is known.
  await tell([observedLine("one")], true);
  await developer.completeStaging(bbs, buildGuid, {
    completion: { failed: true, failure_reason: "STG: Exited with status 225" },
  });

  const { url, body } = await received.promise;
  collector.closeAllConnections();
  assert.equal(url, "/v1/traces");
  const [{ scopeSpans }] = JSON.parse(body).resourceSpans;
  assert.equal(scopeSpans[0].spans[0].traceId, buildGuid.replaceAll("-", ""));
  assert.match(scopeSpans[0].spans[0].status.message, /^StagingError - /);
});

test("a collector that is away keeps neither staging nor stop", async () => {
  const stage = await observedBuild({ otlpEndpoint: "http://127.0.0.1:1" });
  const { tell, developer, bbs, buildGuid } = stage;

  assert.equal((await tell([observedLine("one")], true)).status, 200);
  await developer.completeStaging(bbs, buildGuid, {
    completion: { failed: true, failure_reason: "STG: Exited with status 225" },
  });

  assert.equal((await developer.caller.get(`/v3/builds/${buildGuid}`)).json.state, "FAILED");
  await stage[Symbol.asyncDispose]();
});
