import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import { StagingFolder } from "./staging-folder.ts";

test("the health check tells a listening app, a refusing one and a bad status apart", async () => {
  await using folder = await StagingFolder.create();
  const healthcheck = path.join(folder.lifecycle, "healthcheck");
  const server = http.createServer((request, response) => {
    response.writeHead(request.url === "/healthy" ? 200 : 503).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const port = `-port=${address.port}`;

  const byPort = await folder.run(healthcheck, [port]);
  const byUri = await folder.run(healthcheck, [port, "-uri=/healthy", "-timeout=5s"]);
  const unhealthy = await folder.run(healthcheck, [port, "-uri=/", "-timeout=5s"]);
  server.close();
  await once(server, "close");
  const refused = await folder.run(healthcheck, [port]);
  const usage = await folder.run(healthcheck, ["-colour=red"]);

  assert.deepEqual([byPort.status, byPort.stdout], [0, "healthcheck passed\n"]);
  assert.deepEqual([byUri.status, byUri.stdout], [0, "healthcheck passed\n"]);
  assert.deepEqual(
    [unhealthy.status, unhealthy.stdout],
    [6, `Failed to make HTTP request to "/" on port ${address.port}: received status code 503\n`],
  );
  assert.deepEqual(
    [refused.status, refused.stdout],
    [4, `Failed to make TCP connection to 127.0.0.1:${address.port}: connection refused\n`],
  );
  assert.equal(usage.status, 1);
});
