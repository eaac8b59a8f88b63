import { buildZip } from "./build-zip.ts";
import { Developer, stagingResult } from "./developer.ts";
import { FakeBbs } from "./fake-bbs.ts";
import { TestCloudController, type Answer } from "./test-cloud-controller.ts";

/** A Cloud Controller with one app that has a current droplet, stopped. */
export async function appWithDroplet(
  options: Parameters<typeof TestCloudController.start>[0] = {},
  processTypes: Readonly<Record<string, string>> = { web: "node server.js" },
) {
  const bbs = new FakeBbs();
  const cc = await TestCloudController.start({ bbs, ...options });
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const app = await developer.createApp("shop");
  const found = await developer.packageOf(app, buildZip([{ name: "a", content: "x" }]));
  const build = await developer.build(found.json.guid);
  await developer.completeStaging(bbs, build.json.guid, {
    droplet: Buffer.from("droplet"),
    completion: { result: JSON.stringify(stagingResult({ process_types: processTypes })) },
  });
  const staged = await caller.get(`/v3/builds/${build.json.guid}`);
  const droplet: string = staged.json.droplet.guid;
  const assigned = await caller.patch(`/v3/apps/${app}/relationships/current_droplet`, {
    data: { guid: droplet },
  });
  if (assigned.status !== 200) throw new Error(`no droplet: ${assigned.text}`);
  return {
    bbs,
    cc,
    developer,
    caller,
    app,
    droplet,
    [Symbol.asyncDispose]: () => cc[Symbol.asyncDispose](),
  };
}

/** Plays the BBS: an app's task has ended there, and its callback is called. */
export async function completeTask(
  { cc, bbs }: { readonly cc: TestCloudController; readonly bbs: FakeBbs },
  taskGuid: string,
  completion: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const task = bbs.taskMap.get(taskGuid);
  if (task === undefined) throw new Error("the task was not desired");
  const body = { task_guid: taskGuid, failed: false, failure_reason: "", result: "" };
  const answer = await cc.cell(
    "POST",
    task.definition.completionCallbackUrl,
    JSON.stringify({ ...body, ...completion }),
    { "content-type": "application/json" },
  );
  bbs.taskMap.delete(taskGuid);
  return answer;
}
