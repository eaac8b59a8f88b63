import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import path from "node:path";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import fastify from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { defaultBodyPace, requireBodyPace } from "./body-pace.ts";

test("who stops in the middle of an upload, or sends a byte now and then, is let go, and may try again", async () => {
  await using cc = await TestCloudController.start({
    config: { bodyPace: { windowMs: 1_000, leastBytes: 2_000 } },
  });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const token = await cc.token({ userGuid: "admin-guid", scopes: ["cloud_controller.admin"] });
  const guids = [await developer.createPackage(app), await developer.createPackage(app)];
  const begin = (guid: string): ClientRequest => {
    const sending = request(`${cc.url}/v3/packages/${guid}/upload`, {
      method: "POST",
      agent: false,
      headers: {
        authorization: `bearer ${token}`,
        "content-type": "multipart/form-data; boundary=b",
        "content-length": 1_000_000,
      },
    });
    sending.on("error", () => undefined);
    sending.write('--b\r\nContent-Disposition: form-data; name="bits"; filename="p"\r\n\r\nPK');
    return sending;
  };
  const [stopped, dripping] = guids.map(begin);
  const drip = (async () => {
    while (dripping?.destroyed === false) {
      dripping.write("x");
      await systemClock.sleep(50);
    }
  })();

  for (const sending of [stopped, dripping]) {
    assert.ok(sending);
    const [answer]: IncomingMessage[] = await once(sending, "response");
    assert.equal(answer?.statusCode, 408);
    assert.deepEqual(await json(answer), {
      errors: [
        { code: 1004, title: "CF-RequestTimeout", detail: "The request body came too slowly" },
      ],
    });
    sending.destroy();
  }
  await drip;

  const workspaces = path.join(cc.directory, "work/uploads");
  await eventually(async () => ((await readdir(workspaces)).length === 0 ? true : undefined));
  for (const guid of guids) {
    const found = await developer.caller.get(`/v3/packages/${guid}`);
    assert.equal(found.json.state, "AWAITING_UPLOAD");
  }
  const again = await developer.uploadBits(guids[0] ?? "", buildZip([{ name: "a" }]));
  assert.equal(again.json.state, "READY", again.text);
});

test("a body that was refused unread is watched no longer than its connection is there", async () => {
  const watching = new Set<AbortSignal>();
  const clock: Clock = {
    now: () => systemClock.now(),
    sleep: async (_ms, signal) => {
      assert.ok(signal);
      watching.add(signal);
      await once(signal, "abort");
      signal.throwIfAborted();
    },
  };
  await using app = fastify({ bodyLimit: 10, forceCloseConnections: true });
  requireBodyPace(app, { clock, logger: new RecordingLogger(), pace: defaultBodyPace });
  app.post("/", async () => "read");
  const url = await app.listen({ host: "127.0.0.1", port: 0 });

  const read = await fetch(url, { method: "POST", body: "short" });
  const refused = await fetch(url, { method: "POST", body: "long".repeat(300_000) });

  assert.equal(read.status, 200);
  assert.equal(refused.status, 413);
  const ended = async () => [...watching].every(({ aborted }) => aborted) || undefined;
  await eventually(ended);
  assert.equal(watching.size, 2);
});
