import { Developer } from "./developer.ts";
import { FakeBbs } from "./fake-bbs.ts";
import { TestCloudController } from "./test-cloud-controller.ts";

/** An app with droplets of its own, on a BBS whose cells the test plays. */
export class RunningApp implements AsyncDisposable {
  readonly cc: TestCloudController;
  readonly bbs: FakeBbs;
  readonly developer: Developer;
  readonly guid: string;

  private constructor(parts: Pick<RunningApp, "cc" | "bbs" | "developer" | "guid">) {
    this.cc = parts.cc;
    this.bbs = parts.bbs;
    this.developer = parts.developer;
    this.guid = parts.guid;
  }

  /** Stopped, without a droplet. */
  static async create(
    options: Parameters<typeof TestCloudController.start>[0] = {},
  ): Promise<RunningApp> {
    const bbs = new FakeBbs();
    const cc = await TestCloudController.start({ bbs, ...options });
    const developer = await Developer.admin(cc);
    const guid = await developer.createApp("shop");
    return new RunningApp({ cc, bbs, developer, guid });
  }

  /** Started with a droplet whose web process is "node server.js". */
  static async start(
    options: Parameters<typeof TestCloudController.start>[0] = {},
  ): Promise<RunningApp> {
    const app = await RunningApp.create(options);
    await app.assign(await app.droplet());
    await app.act("start");
    return app;
  }

  get caller() {
    return this.developer.caller;
  }

  /** A staged droplet, by upload as `cf push --droplet` makes one. */
  async droplet(
    processTypes: Readonly<Record<string, string>> = { web: "node server.js" },
  ): Promise<string> {
    const created = await this.caller.post("/v3/droplets", {
      relationships: { app: { data: { guid: this.guid } } },
      process_types: processTypes,
    });
    if (created.status !== 201) throw new Error(`no droplet: ${created.text}`);
    const { guid } = created.json;
    const uploaded = await this.developer.upload(`/v3/droplets/${guid}/upload`, [
      { name: "bits", content: Buffer.from([0x1f, 0x8b, 8, 0]), filename: "droplet.tgz" },
    ]);
    await this.caller.job(uploaded);
    return guid;
  }

  async assign(dropletGuid: string): Promise<void> {
    const path = `/v3/apps/${this.guid}/relationships/current_droplet`;
    const answer = await this.caller.patch(path, { data: { guid: dropletGuid } });
    if (answer.status !== 200) throw new Error(`not assigned: ${answer.text}`);
  }

  async act(action: "start" | "stop" | "restart"): Promise<void> {
    const answer = await this.caller.post(`/v3/apps/${this.guid}/actions/${action}`);
    if (answer.status !== 200) throw new Error(`no ${action}: ${answer.text}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cc[Symbol.asyncDispose]();
  }
}
