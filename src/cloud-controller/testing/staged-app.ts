import { buildZip } from "./build-zip.ts";
import { Developer } from "./developer.ts";
import { FakeBbs } from "./fake-bbs.ts";
import { TestCloudController } from "./test-cloud-controller.ts";

/** A Cloud Controller whose BBS is the test's, with an app in the first space that a package lies ready for. */
export async function packagedApp() {
  const bbs = new FakeBbs();
  const cc = await TestCloudController.start({ bbs });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("shop");
  const found = await developer.packageOf(app, buildZip([{ name: "a", content: "x" }]));
  const packageGuid: string = found.json.guid;

  /** Stages the package and gives the definition of the task that did it. */
  const stage = async () => {
    const build = await developer.build(packageGuid);
    if (build.status !== 201) throw new Error(`no build: ${build.text}`);
    const guid: string = build.json.guid;
    const definition = bbs.taskMap.get(guid)?.definition;
    if (definition === undefined) throw new Error("the task was not desired");
    await developer.completeStaging(bbs, guid, { droplet: Buffer.from("droplet") });
    const staged = await developer.caller.get(`/v3/builds/${guid}`);
    await developer.caller.patch(`/v3/apps/${app}/relationships/current_droplet`, {
      data: { guid: staged.json.droplet.guid },
    });
    return definition;
  };

  /** Restarts the app and gives the LRP that came of it. */
  const restart = async () => {
    const restarted = await developer.caller.post(`/v3/apps/${app}/actions/restart`);
    if (restarted.status !== 200) throw new Error(`no restart: ${restarted.text}`);
    const [lrp] = bbs.desired.values();
    if (lrp === undefined) throw new Error("no LRP was desired");
    return lrp;
  };

  return {
    bbs,
    cc,
    developer,
    app,
    stage,
    restart,
    [Symbol.asyncDispose]: () => cc[Symbol.asyncDispose](),
  };
}
