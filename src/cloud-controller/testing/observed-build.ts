import assert from "node:assert/strict";
import { observationRequestOf, type Observed } from "#diego/models/observation.ts";
import type { CloudControllerConfig } from "../config.ts";
import { buildZip } from "./build-zip.ts";
import { Developer } from "./developer.ts";
import { FakeBbs } from "./fake-bbs.ts";
import { TestCloudController, type Answer } from "./test-cloud-controller.ts";

/** A build that a cell stages, which is the test. */
export async function observedBuild(
  config: Partial<CloudControllerConfig> = {},
  further: Pick<
    NonNullable<Parameters<typeof TestCloudController.start>[0]>,
    "keptTasksOf" | "staging"
  > = {},
) {
  const bbs = new FakeBbs();
  const cc = await TestCloudController.start({ ...further, bbs, config });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("shop");
  const found = await developer.packageOf(app, buildZip([{ name: "Procfile", content: "web: x" }]));
  const { json: build } = await developer.build(String(found.json.guid));
  const task = bbs.taskMap.get(build.guid);
  assert.ok(task);
  const request = observationRequestOf(task.definition.annotation);
  assert.ok(request);
  let number = 0;
  const tell = async (what: readonly Observed[], closed = false): Promise<Answer> => {
    const records = what.map((each) => ({ number: (number += 1), at: number, what: each }));
    const body = JSON.stringify({ run: "run-1", records, closed });
    return await cc.cell("POST", request.url, body, { "content-type": "application/json" });
  };
  const path = `/rivera/v1/builds/${build.guid}/log`;
  return {
    bbs,
    cc,
    developer,
    app,
    request,
    tell,
    path,
    buildGuid: String(build.guid),
    [Symbol.asyncDispose]: () => cc[Symbol.asyncDispose](),
  };
}

/** A line of a staging's log, as the cell tells it. */
export function observedLine(text: string): Observed {
  return { kind: "line", type: "OUT", source: "STG", text };
}
